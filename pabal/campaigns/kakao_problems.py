"""What stands between a KakaoTalk draft and its review: its channel, its message, the text in its place."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pabal.campaigns.compose import senders_of
from pabal.campaigns.models import Campaign, FailOver
from pabal.delivery import channels
from pabal.delivery.models import Image, Sender, SenderKind
from pabal.errors import InvalidInput
from pabal.kakao import checks, labels, places
from pabal.kakao.image_checks import ImageFacts
from pabal.kakao.limits import COMMON
from pabal.kakao.message import KakaoMessage, parse
from pabal.kakao.problems import said


@dataclass(frozen=True, kw_only=True)
class Found:
    """Something wrong: `field` is a path of the message after `kakao.`, or a field of the campaign; `step` where it stands."""

    code: str
    message: str
    field: str
    step: str


def kakao_problems(campaign: Campaign) -> list[Found]:
    """Everything that is wrong with the KakaoTalk side of a draft, in the reader's language."""
    language = "ko" if (get_language() or "").startswith("ko") else "en"
    chosen = [sender for sender in senders_of(campaign) if sender.kind == SenderKind.KAKAO_CHANNEL]
    found: list[Found] = []
    if not chosen:
        found.append(
            Found(code="no_channel", message=_("Choose a KakaoTalk channel."), field="senders", step="message")
        )
    if campaign.kakao is None:
        found.append(Found(code="message_missing", message=_("Write the message."), field="kakao", step="message"))
    else:
        try:
            message = parse(campaign.kakao)
        except InvalidInput as error:
            return [*found, Found(code=error.code, message=str(error), field="kakao", step="message")]
        gateway = chosen[0].account.provider if chosen else ""
        facts = _facts(message)
        for problem in checks.problems(message, gateway=gateway, target=campaign.target, images=facts):
            step = "sending" if problem.path == "target" else "message"
            field = "target" if problem.path == "target" else f"kakao.{problem.path}"
            sentence = f"{labels.of_path(problem.path)[language]}: {said(problem, language)}"
            found.append(Found(code=problem.code, message=sentence, field=field, step=step))
    found += _of_target(campaign, chosen)
    if campaign.fallback == FailOver.GATEWAY:
        message_ = _(
            "Texts instead of KakaoTalk are sent by us: choose that, so that they are planned, counted and paid once."
        )
        found.append(Found(code="gateway_fails_over", message=message_, field="fallback", step="sending"))
    if campaign.fallback != FailOver.OFF:
        if not campaign.fallback_text.strip():
            message_ = _("Write the text that is sent where KakaoTalk does not reach.")
            found.append(Found(code="fallback_text_missing", message=message_, field="fallback_text", step="sending"))
        if not campaign.fallback_senders.filter(archived_at=None).exists():
            message_ = _("Choose a sender for the text.")
            found.append(
                Found(code="fallback_sender_missing", message=message_, field="fallback_senders", step="sending")
            )
    return found


def _facts(message: KakaoMessage) -> dict[int, ImageFacts]:
    ids = {place.image for place in places.images(message)}
    rows = Image.objects.defer("data").in_bulk(ids)
    return {pk: ImageFacts(format=i.format, width=i.width, height=i.height, size=i.size) for pk, i in rows.items()}


def _of_target(campaign: Campaign, chosen: list[Sender]) -> list[Found]:
    if campaign.target == "I":
        return []
    found = []
    for sender in chosen:
        friends = channels.settings_of(sender).friends
        if friends is not None and friends < COMMON.least_friends:
            words = {"name": sender.name, "n": f"{friends:,}", "least": f"{COMMON.least_friends:,}"}
            message = _("“%(name)s” has %(n)s friends; this needs %(least)s.") % words
            found.append(Found(code="too_few_friends", message=message, field="target", step="sending"))
    return found
