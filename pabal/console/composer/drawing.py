"""What the composer's page shows of a message: each field with its limit, its count and what is wrong with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pabal.console.composer.reading import Reading, Tree
from pabal.console.composer.rendering import Rendered, render
from pabal.content.labels import Language
from pabal.kakao import checks, labels, places
from pabal.kakao.counting import length
from pabal.kakao.image_checks import ImageFacts
from pabal.kakao.limits import ImageLimit, LayoutLimits, of_message
from pabal.kakao.message import KakaoMessage
from pabal.kakao.problems import Problem, said

#: What is not filled in yet is said only once somebody wants to go on.
LATER: Final = frozenset({"missing", "too_few", "coupon_amount", "coupon_name", "coupon_link"})


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An uploaded image: its address and facts."""

    url: str
    facts: ImageFacts
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Composer:
    """A message being written, as `person` would read it. `strict`: say what is missing, too."""

    reading: Reading
    message: KakaoMessage
    rendered: Rendered
    gateway: str
    target: str
    language: Language
    pictures: Mapping[int, Picture]
    faults: Mapping[str, list[str]]
    counts: Mapping[str, int]
    strict: bool = False
    focus: str = ""
    open_card: int = 0
    dropped: list[str] = field(default_factory=list)
    guard: str = ""

    @property
    def tree(self) -> Tree:
        return self.reading.tree

    @property
    def limits(self) -> LayoutLimits:
        return of_message(self.message, self.gateway)

    def value(self, path: str) -> Any:
        """What stands at a path, empty if nothing does."""
        try:
            found = places.at(self.message, path)
        except (AttributeError, IndexError):
            return ""
        return "" if found is None else found

    def label(self, path: str) -> str:
        """The field's own name, without the parts around it."""
        return labels.of_path(path)[self.language].rpartition(" · ")[2]

    def most(self, path: str) -> int | None:
        limit = checks.string_limit(self.message, path, self.gateway)
        return limit.most if limit else None

    def has(self, path: str) -> bool:
        """Whether this layout has the string or image at a path."""
        if path.rsplit(".", 1)[-1] == "image":
            return self.limits.image(path) is not None
        return checks.string_limit(self.message, path, self.gateway) is not None

    def required(self, path: str) -> bool:
        limit = checks.string_limit(self.message, path, self.gateway)
        image = self.limits.image(path)
        return bool(limit and limit.required) or bool(image and image.required)

    def image_limit(self, path: str) -> ImageLimit | None:
        return self.limits.image(path)

    def picture(self, path: str) -> Picture | None:
        number = self.value(path)
        return self.pictures.get(number) if isinstance(number, int) else None

    @property
    def problems(self) -> int:
        """How many things are wrong."""
        return sum(map(len, self.faults.values()))

    def name_of(self, path: str) -> str:
        """A field's whole name: “카드 2 · 버튼 1 · 이름”."""
        return labels.of_path(path)[self.language]


def compose(
    reading: Reading,
    values: Mapping[str, Any],
    *,
    language: Language,
    gateway: str = "",
    target: str = "",
    pictures: Mapping[int, Picture] | None = None,
    strict: bool = False,
    **more: Any,
) -> Composer:
    """Judge what is written, as written and as a person with these values reads it."""
    message = reading.message
    pictures = pictures or {}
    rendered = render(message, values)
    facts = {number: picture.facts for number, picture in pictures.items()}
    found = [
        *checks.problems(message, gateway=gateway, target=target, images=facts),
        *(p for p in checks.problems(rendered.message, gateway=gateway, target=target, rendered=True)),
    ]
    faults: dict[str, list[str]] = defaultdict(list)
    for path in reading.unreadable:
        faults[path].append(_NUMBER[language])
    for problem in found:
        if strict or not _later(problem, message):
            sentence = said(problem, language)
            if sentence not in faults[problem.path]:
                faults[problem.path].append(sentence)
    for path, error in rendered.errors.items():
        faults[path] = [error.message_in(language)]
    counts = {place.path: length(place.value) for place in places.strings(rendered.message)}
    return Composer(
        reading=reading,
        message=message,
        rendered=rendered,
        gateway=gateway,
        target=target,
        language=language,
        pictures=pictures,
        faults={path: said for path, said in faults.items() if said},
        counts=counts,
        strict=strict,
        **more,
    )


_NUMBER: Final[Mapping[Language, str]] = {"en": "Enter a whole number.", "ko": "숫자만 입력해 주세요."}


def _later(problem: Problem, message: KakaoMessage) -> bool:
    if problem.code in LATER:
        return True
    if problem.code == "link_invalid":  # half a link is not wrong yet
        try:
            return str(places.at(message, problem.path)) in {
                "h",
                "ht",
                "htt",
                "http",
                "https",
                "http:",
                "https:",
                "https:/",
            }
        except (AttributeError, IndexError):
            return False
    return False
