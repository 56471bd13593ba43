"""Conditions in Korean: clauses before 사람, each with the ending that what follows asks for (산 사람, 샀고, 샀거나)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pabal.console.segment_names import Names, called, moment, number, values_of
from pabal.content.particles import with_particle as _with
from pabal.warehouse import conditions as c

#: Ending (with + it is glued to the stem) → before 사람, before "and", before "or", before 경우, as a noun at the end of a line.
ENDINGS = {
    "한": ("한", "했고", "했거나", "한", "함"),
    "않은": ("하지 않은", "하지 않았고", "하지 않았거나", "하지 않은", "하지 않음"),
    "받은": ("받은", "받았고", "받았거나", "받은", "받음"),
    "있는": ("있는", "있고", "있거나", "있는", "있음"),
    "없는": ("없는", "없고", "없거나", "없는", "없음"),
    "+한": ("한", "했고", "했거나", "한", "함"),
    "+하는": ("하는", "하고", "하거나", "하는", "함"),
    "+않는": ("하지 않는", "하지 않고", "하지 않거나", "하지 않는", "하지 않음"),
    "+나는": ("나는", "나고", "나거나", "나는", "남"),
    "+인": ("인", "이고", "이거나", "인", "임"),
    "아닌": ("아닌", "아니고", "아니거나", "아닌", "아님"),
}
BEFORE_PEOPLE, AND, OR, CASE, NOUN = range(5)
UNITS = {"minutes": "분", "hours": "시간", "days": "일", "weeks": "주", "months": "개월", "years": "년"}
FIELDS = {
    "external_id": "고객 ID", "phone": "전화번호", "email": "이메일", "first_name": "이름", "last_name": "성",
    "locale": "언어", "time_zone": "시간대", "country": "국가", "region": "지역", "created_at": "가입일",
}  # fmt: skip
MEASURES = {"sum": "합계", "average": "평균", "minimum": "최솟값", "maximum": "최댓값", "distinct": "서로 다른 값 수"}
PURPOSES = {"promotional": "광고성 수신", "informational": "정보성 수신", "night": "야간 광고 수신"}
CHANNELS = {"text": "문자", "kakao": "카카오톡"}
WHATS = {
    "received": "받은 적",
    "delivered": "정상적으로 받은 적",
    "clicked": "클릭한 적",
    "replied": "답장한 적",
    "failed": "발송 실패로 받지 못한 적",
}


@dataclass(frozen=True, kw_only=True)
class Clause:
    """`stem` and a key of ENDINGS: 최근 30일 동안 주문을 2회 이상 + 한."""

    stem: str
    end: str

    def to(self, form: int) -> str:
        ending = ENDINGS[self.end][form]
        return f"{self.stem}{ending}" if self.end.startswith("+") else f"{self.stem} {ending}"


def sentence(condition: c.Condition, names: Names) -> str:
    """The condition as a sentence about people."""
    root = condition if isinstance(condition, c.Group) else c.Group(conditions=(condition,))
    if not root.conditions:
        return "모든 사람"
    if root.match == "none":
        return f"{_cases(root, names)}에 해당하지 않는 사람"
    clauses = [_clause(part, names) for part in root.conditions]
    form = AND if root.match == "all" else OR
    return ", ".join([*(clause.to(form) for clause in clauses[:-1]), clauses[-1].to(BEFORE_PEOPLE)]) + " 사람"


def group_head(group: c.Group) -> str:
    return {"all": "다음을 모두 충족:", "any": "다음 중 하나 이상 충족:", "none": "다음에 모두 해당하지 않음:"}[
        group.match
    ]


def phrase(condition: c.Condition, names: Names) -> str:
    """One condition as a line of its own: 최근 30일 동안 ‘Order Completed’를 2회 이상 함."""
    return _clause(condition, names).to(NOUN)


def _cases(group: c.Group, names: Names) -> str:
    """(A했거나 B한 경우)"""
    clauses = [_clause(part, names) for part in group.conditions]
    form = AND if group.match == "all" else OR
    return "(" + ", ".join([*(k.to(form) for k in clauses[:-1]), clauses[-1].to(CASE)]) + " 경우)"


def _clause(condition: c.Condition, names: Names) -> Clause:
    match condition:
        case c.Group() if len(condition.conditions) == 1 and condition.match != "none":
            return _clause(condition.conditions[0], names)
        case c.Group():
            return Clause(
                stem=f"{_cases(condition, names)}에 해당", end="+않는" if condition.match == "none" else "+하는"
            )
        case c.Property():
            return _test(condition, FIELDS[condition.field] if condition.field else condition.name)
        case c.Consent():
            return _consent(condition)
        case c.ListMembership():
            lists = _or(_quoted(name) for name in called(condition.lists, names.lists))
            joined = _during(condition.window)
            stem = _spaced(joined, f"{lists} 리스트에 추가되어" if joined else f"{lists} 리스트에")
            return Clause(stem=stem, end="있는" if condition.member else "없는")
        case c.SegmentMembership():
            segments = _or(_quoted(name) for name in called(condition.segments, names.segments))
            return Clause(stem=f"{segments} 세그먼트에", end="있는" if condition.member else "없는")
        case c.Event():
            return _event(condition)
        case c.Sequence():
            steps = _with(" → ".join(_step(step) for step in condition.steps), "을/를")
            within = f"{_span(condition.within)} 안에" if condition.within else ""
            stem = _spaced(_during(condition.window), steps, within, "순서대로")
            return Clause(stem=stem, end="한" if condition.did else "않은")
        case c.Message():
            return _message(condition, names)


def _test(test: c.Property | c.Filter, name: str) -> Clause:
    value, said = test.value, [_value(v, test.kind) for v in values_of(test)]
    subject = _with(name, "이/가")
    if isinstance(value, c.Span):
        return _timed(test.operator, value, name, subject)
    many = _or(said)
    match test.operator:
        case "exists" | "missing":
            return Clause(stem=f"{name} 값이", end="있는" if test.operator == "exists" else "없는")
        case "equals" | "in":
            return Clause(stem=f"{subject} {many}", end="+인")
        case "not_equals" | "not_in":
            return Clause(stem=f"{subject} {_with(many, '이/가')}", end="아닌")
        case "contains" | "not_contains":
            end = "+하는" if test.operator == "contains" else "+않는"
            return Clause(stem=f"{subject} {_with(many, '을/를')} 포함", end=end)
        case "starts_with":
            return Clause(stem=f"{subject} {_with(many, '으로/로')} 시작", end="+하는")
        case "ends_with":
            return Clause(stem=f"{subject} {_with(many, '으로/로')} 끝", end="+나는")
        case "between":
            return Clause(stem=f"{subject} {said[0]}~{said[1]} 사이", end="+인")
        case "has" | "has_any":
            return Clause(stem=f"{name}에 {_with(many, '이/가')}", end="있는")
        case "has_all":
            return Clause(stem=f"{name}에 {_with(', '.join(said), '이/가')} 모두", end="있는")
        case "has_not" | "has_none":
            return Clause(stem=f"{name}에 {_with(many, '이/가')}", end="없는")
    if test.kind == "date":
        word = {"less": "이전(당일 제외)", "at_most": "까지", "more": "이후(당일 제외)", "at_least": "이후"}[
            test.operator
        ]
        return Clause(stem=f"{subject} {many} {word}" if word != "까지" else f"{subject} {many}까지", end="+인")
    return Clause(stem=f"{subject} {many} {COMPARED[test.operator]}", end="+인")


COMPARED = {"at_least": "이상", "at_most": "이하", "more": "초과", "less": "미만"}


def _timed(operator: str, span: c.Span, name: str, subject: str) -> Clause:
    long = _span(span)
    match operator:
        case "within_last":
            return Clause(stem=f"{subject} 최근 {long} 이내", end="+인")
        case "before_last":
            return Clause(stem=f"{subject} {long} 전보다 이전", end="+인")
        case "within_next":
            return Clause(stem=f"{subject} 앞으로 {long} 이내", end="+인")
        case "after_next":
            return Clause(stem=f"{subject} {long} 후보다 이후", end="+인")
    if span.value == 0:
        return Clause(stem=f"오늘이 {name}", end="+인")
    return Clause(stem=f"{_with(name, '이/가')} 앞으로 {long} 안에", end="있는")


def _value(value: object, kind: str) -> str:
    if isinstance(value, bool):
        return "‘예’" if value else "‘아니요’"
    if isinstance(value, int | float):
        return number(value, "ko")
    return moment(str(value), "ko") if kind == "date" else _quoted(str(value))


def _quoted(text: str) -> str:
    return f"‘{text}’"


def _consent(condition: c.Consent) -> Clause:
    what = f"{CHANNELS[condition.channel]} {PURPOSES[condition.purpose]}"
    if condition.state == "never":
        return Clause(stem=f"{what} 동의 여부를 확인한 적이", end="없는")
    said = f"{what}에 동의" if condition.state == "subscribed" else f"{what}을 거부"
    return Clause(stem=_spaced(_during(condition.window), said), end="+한")


def _event(condition: c.Event) -> Clause:
    during = _during(condition.window)
    what = _step(c.Step(name=condition.name, where=condition.where))
    value = condition.value
    if condition.measure in ("first", "last"):
        order = "처음" if condition.measure == "first" else "마지막으로"
        if isinstance(value, c.Span):
            long = _span(value)
            when = f"최근 {long} 이내" if condition.operator == "within_last" else f"{long} 전보다 이전"
        else:
            said = [moment(str(v), "ko") for v in _both(value)]
            pattern = {
                "between": "{0}~{1} 사이", "less": "{0} 이전(당일 제외)", "at_most": "{0}까지", "more": "{0} 이후(당일 제외)",
                "at_least": "{0} 이후",
            }[condition.operator]  # fmt: skip
            when = pattern.format(*said)
        return Clause(stem=_spaced(during, f"{_with(what, '을/를')} {order} 한 때가 {when}"), end="+인")
    if condition.measure == "count":
        return _count(condition, _spaced(during, _with(what, "을/를")))
    measured = _with(f"{what}의 {condition.property} {MEASURES[condition.measure]}", "이/가")
    return Clause(stem=_spaced(during, measured, _compared(condition, "")), end="+인")


def _count(condition: c.Event, stem: str) -> Clause:
    if condition.operator == "exactly" and condition.value == 0:
        return Clause(stem=f"{stem} 한 번도", end="않은")
    if condition.operator == "at_least" and condition.value == 1:
        return Clause(stem=f"{stem} 1회 이상", end="한")
    return Clause(stem=f"{stem} {_compared(condition, '회')}", end="한")


def _compared(condition: c.Event, unit: str) -> str:
    said = [f"{number(v, 'ko')}{unit}" for v in _both(condition.value)]
    match condition.operator:
        case "between":
            return f"{number(_both(condition.value)[0], 'ko')}~{said[1]}"
        case "exactly":
            return f"정확히 {said[0]}"
        case "not_exactly":
            return f"{said[0]}가 아닌 만큼" if unit else f"{said[0]} 이외"
    return f"{said[0]} {COMPARED[condition.operator]}"


def _both(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _step(step: c.Step) -> str:
    where = ", ".join(_test(item, item.name).to(AND) for item in step.where[:-1])
    last = _test(step.where[-1], step.where[-1].name).to(BEFORE_PEOPLE) if step.where else ""
    said = ", ".join(word for word in (where, last) if word)
    return f"({said}) {_quoted(step.name)}" if said else _quoted(step.name)


def _message(condition: c.Message, names: Names) -> Clause:
    of = _or(_quoted(name) for name in called(condition.campaigns, names.campaigns))
    what = f"{of} 캠페인 메시지를" if of else "메시지를"
    many = f"{number(condition.times, 'ko')}건 이상" if condition.times > 1 else ""
    end = "있는" if condition.did else "없는"
    during = _during(condition.window)
    if condition.what == "converted" and condition.event and condition.within:
        then = f"{_span(condition.within)} 안에 {_with(_step(condition.event), '을/를')} 한 적이"
        return Clause(stem=_spaced(during, what, many, "받고", then), end=end)
    if condition.what == "replied":
        what = what.removesuffix("를") + "에"
    return Clause(stem=_spaced(during, what, many, f"{WHATS[condition.what]}이"), end=end)


def _during(window: c.Window | None) -> str:
    """When, before the verb; empty for ever."""
    if window is None:
        return ""
    if window.last is not None and window.unit is not None:
        long = f"{number(window.last, 'ko')}{UNITS[window.unit]}"
        if window.until_last is None:
            return f"최근 {long} 동안"
        if window.until_last == 0:
            return f"최근 {long} 동안"
        return f"{number(window.last, 'ko')}~{number(window.until_last, 'ko')}{UNITS[window.unit]} 전에"
    first, last = (moment(end, "ko") if end else "" for end in (window.from_, window.to))
    if first and last:
        return f"{first}에" if first == last else f"{first}부터 {last}까지"
    return f"{first} 이후" if first else f"{last}까지"


def _span(span: c.Span) -> str:
    return f"{number(span.value, 'ko')}{UNITS[span.unit]}"


def _or(words: Iterable[str]) -> str:
    said = list(words)
    if len(said) > 8:
        return ", ".join(said[:6]) + f" 외 {len(said) - 6}개 중 하나"
    return " 또는 ".join(said)


def _spaced(*words: str) -> str:
    return " ".join(word for word in words if word)
