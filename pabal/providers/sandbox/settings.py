"""What the simulated carrier does: how fast, how reliable, how odd."""

from __future__ import annotations

from typing import Annotated

import msgspec

from pabal.providers.reasons import Reason
from pabal.providers.sandbox.kakao import shares
from pabal.providers.settings import setting

_MIX_EN = "Reasons with weights, such as unreachable=6, blocked=3, spam=1"
_MIX_KO = "사유와 비중. 예: unreachable=6, blocked=3, spam=1"
_SHARE = {"at_least": 0.0, "at_most": 1.0}


class SandboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Times are milliseconds unless named otherwise; shares are from 0 to 1."""

    accept_ms: Annotated[float, setting("Answer time (ms)", "접수 응답 시간 (ms)", at_least=0)] = 5
    accept_jitter_ms: Annotated[float, setting("Answer time, ± (ms)", "접수 응답 시간 편차 (ms)", at_least=0)] = 2
    receipt_ms: Annotated[float, setting("Receipt after (ms)", "결과 수신까지 (ms)", at_least=0)] = 800
    receipt_jitter_ms: Annotated[float, setting("Receipt after, ± (ms)", "결과 수신 편차 (ms)", at_least=0)] = 600
    late_s: Annotated[
        float,
        setting(
            "Late receipt after (s)",
            "늦은 결과 수신까지 (초)",
            help_en="For numbers ending in 9903",
            help_ko="9903으로 끝나는 번호에 적용",
            at_least=0,
        ),
    ] = 30
    failed: Annotated[float, setting("Share that fails", "전달 실패 비율", **_SHARE)] = 0.02
    failures: Annotated[
        str, setting("Failures by reason", "전달 실패 사유별 비중", help_en=_MIX_EN, help_ko=_MIX_KO)
    ] = "unreachable=6, blocked=2, invalid_number=2"
    refused: Annotated[float, setting("Share that is refused", "접수 거부 비율", **_SHARE)] = 0.0
    refusals: Annotated[
        str, setting("Refusals by reason", "접수 거부 사유별 비중", help_en=_MIX_EN, help_ko=_MIX_KO)
    ] = "invalid_number=1"
    kakao_people: Annotated[
        str,
        setting(
            "People by KakaoTalk",
            "카카오톡 이용자 비중",
            help_en="friend, other, blocked, no_kakaotalk, inactive with weights",
            help_ko="friend(친구), other(비친구), blocked(차단), no_kakaotalk(미가입), inactive(장기 미사용)와 비중",
        ),
    ] = "friend=70, other=20, no_kakaotalk=5, inactive=3, blocked=2"
    throttle_per_s: Annotated[
        int, setting("Messages a second", "초당 최대 건수", help_en="0: no limit", help_ko="0: 제한 없음", at_least=0)
    ] = 0
    link_drop: Annotated[
        float,
        setting(
            "Chance that the link drops",
            "연결 끊김 확률",
            help_en="For each window: what was on its way becomes uncertain, the rest unavailable",
            help_ko="묶음마다 적용되며, 전송 중이던 건은 불확실, 나머지는 미발송이 됩니다",
            **_SHARE,
        ),
    ] = 0.0
    duplicated: Annotated[float, setting("Share of receipts sent twice", "결과 중복 비율", **_SHARE)] = 0.0
    early: Annotated[
        float,
        setting("Share of receipts before the answer", "접수 응답보다 먼저 오는 결과 비율", **_SHARE),
    ] = 0.0
    lost: Annotated[float, setting("Share of receipts never sent", "결과 누락 비율", **_SHARE)] = 0.0
    seed: Annotated[
        int, setting("Seed", "난수 시드", help_en="0: a new one each time", help_ko="0: 매번 새로 정함", at_least=0)
    ] = 0
    look_up: Annotated[bool, setting("Can be asked after a crash", "장애 후 조회 가능")] = False
    log_file: Annotated[
        str,
        setting(
            "Log file",
            "기록 파일",
            help_en="The carrier's own record of what it took, one JSON object a line",
            help_ko="통신사가 접수한 메시지의 기록, 한 줄에 JSON 하나",
        ),
    ] = ""

    def __post_init__(self) -> None:
        mix(self.failures)
        mix(self.refusals)
        shares(self.kakao_people)


def mix(text: str) -> tuple[list[Reason], list[float]]:
    """Parse `reason=weight, …` into reasons and weights. Raises `ValueError`."""
    reasons: list[Reason] = []
    weights: list[float] = []
    for item in text.split(","):
        name, _, weight = item.partition("=")
        reasons.append(Reason(name.strip()))
        weights.append(float(weight or 1))
        if weights[-1] <= 0:
            raise ValueError(f"the weight of {name.strip()} must be above 0")
    return reasons, weights
