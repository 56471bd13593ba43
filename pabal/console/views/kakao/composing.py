"""The composer: the message step of a KakaoTalk campaign. The form is saved as one goes; every change of structure is made here."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience.models import Profile
from pabal.campaigns import actions
from pabal.campaigns.compose import values_of
from pabal.campaigns.models import Campaign
from pabal.console.composer.drawing import Composer, compose
from pabal.console.composer.editing import change
from pabal.console.composer.emoji import EMOJI
from pabal.console.composer.reading import PREFIX, Reading, Tree, read
from pabal.console.composer.switching import switch
from pabal.console.forms.errors import put_error
from pabal.console.forms.kakao import ChannelsForm
from pabal.console.kakao import Channel, bubble
from pabal.console.views.campaigns.preview import find_person, insertable
from pabal.console.views.kakao.pictures import pictures, shown
from pabal.content.labels import Language
from pabal.delivery.models import Sender, SenderKind
from pabal.errors import PabalError
from pabal.kakao import coupons, labels, places
from pabal.kakao.message import KakaoMessage, dump, parse

EMPTY: Tree = {"preset": "brand_message", "layout": "text", "ad": True}


def language() -> Language:
    return "ko" if (get_language() or "").startswith("ko") else "en"


def message_of(campaign: Campaign) -> KakaoMessage:
    """The message as it is kept."""
    return parse(campaign.kakao or EMPTY)


def step(request: HttpRequest, campaign: Campaign, frame: Mapping[str, Any], following: str) -> HttpResponse:
    """The page of the step; what is posted (`do`) is saved, and a change of structure answered with the form anew."""
    form = ChannelsForm(request.POST or None, initial=ChannelsForm.initial_of(campaign))
    word = request.POST.get("do", "")
    if request.method != "POST":
        return _page(request, campaign, form, frame, _judged(campaign, Reading(tree=dict(campaign.kakao or EMPTY)), {}))
    reading = read(request.POST)
    more: dict[str, Any] = {"strict": "strict" in request.POST, "open_card": _number(request.POST.get("open"))}
    reading, more = _changed(request, campaign, reading, word, more)
    if form.is_valid():
        try:
            save(request, campaign, reading, form.changes())
        except PabalError as error:
            put_error(form, error)
    if word == "save":
        return HttpResponse(status=204 if not form.errors else 422)
    if word:
        made = _judged(campaign, reading, request.POST, **more)
        return render(request, "console/composer/composer.html", _drawn(campaign, made))
    if request.POST.get("then") == "stay" and not form.errors:
        return redirect("console:campaigns")
    made = _judged(campaign, reading, request.POST, **{**more, "strict": True})
    if made.faults or form.errors:
        return _page(request, campaign, form, frame, made, status=422)
    return redirect(following)


def _changed(
    request: HttpRequest, campaign: Campaign, reading: Reading, word: str, more: dict[str, Any]
) -> tuple[Reading, dict[str, Any]]:
    """What a word does to the message, and where one goes on."""
    verb, _colon, rest = word.partition(":")
    tree = reading.tree
    if verb in ("layout", "preset"):
        preset = rest if verb == "preset" else str(tree.get("preset", "brand_message"))
        layout = rest if verb == "layout" else str(tree.get("layout", "text"))
        shelves = request.session.get("kakao_shelves", {})
        switched = switch(tree, preset, layout, shelves.get(str(campaign.pk), {}))
        request.session["kakao_shelves"] = {**shelves, str(campaign.pk): switched.shelf}
        more |= {"dropped": switched.dropped_in(language()), "open_card": 0}
        return Reading(tree=switched.tree), more
    if verb in ("redraw", "image"):
        return reading, {**more, "focus": rest}
    if verb == "clear":
        return replace(reading, tree=_without(tree, rest)), {**more, "focus": rest}
    if verb in ("add", "remove", "copy", "move"):
        changed, focus = change(tree, word)
        if focus.startswith("cards."):
            more["open_card"] = _number(focus.split(".")[1])
        return replace(reading, tree=changed), {**more, "focus": focus}
    return reading, more


def _without(tree: Tree, path: str) -> Tree:
    """The tree without the value at a path."""
    from pabal.console.composer.editing import at

    above, _dot, leaf = path.rpartition(".")
    with contextlib.suppress(KeyError, IndexError, ValueError, AttributeError):
        at(tree, above).pop(leaf, None)
    return tree


def save(request: HttpRequest, campaign: Campaign, reading: Reading, more: Mapping[str, Any]) -> None:
    """Keep what changed, with one entry in the audit trail that names the places. Raises PabalError."""
    kakao = dump(reading.message)
    changes: dict[str, Any] = {**more, "kakao": kakao, "shorten_links": "shorten_links" in request.POST}
    chosen = [sender.pk for sender in changes.pop("senders")]
    if chosen != list(
        Campaign.senders.through.objects.filter(campaign=campaign).order_by("pk").values_list("sender_id", flat=True)
    ):
        changes["senders"] = chosen
    changes = {name: value for name, value in changes.items() if name == "senders" or getattr(campaign, name) != value}
    if not changes:
        return
    with transaction.atomic():
        before = {place.path for place in places.strings(message_of(campaign))}
        actions.edit(campaign, by=person(request), **changes)
        after = {place.path for place in places.strings(message_of(campaign))}
        written = {"fields": sorted(changes), "layout": kakao["layout"], "added": sorted(after - before)[:20]}
        audit.record(actor(request), "campaign.edit", campaign, written)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 4 else 0


def _judged(campaign: Campaign, reading: Reading, data: Mapping[str, Any], **more: Any) -> Composer:
    values, _person, _typed = preview_values(campaign, data)
    known = pictures(place.image for place in places.images(reading.message))
    gateway = gateway_of(campaign)
    return compose(
        reading, values, language=language(), gateway=gateway, target=campaign.target, pictures=known, **more
    )


def gateway_of(campaign: Campaign) -> str:
    """The provider that carries the campaign's first channel."""
    sender = campaign.senders.select_related("account").first()
    return sender.account.provider if sender else ""


def preview_values(campaign: Campaign, data: Mapping[str, Any]) -> tuple[dict[str, Any], Profile | None, bool]:
    """Values to read the message with, whose they are, and whether they were typed."""
    if data.get("preview_as") == "typed":
        return {n.removeprefix("value_"): v for n, v in data.items() if n.startswith("value_")}, None, True
    from pabal.console.views.campaigns.draft import sample_profile

    words = str(data.get("person", "")).strip()
    who = find_person(words) if words else sample_profile(campaign, [])
    return (values_of(who) if who else {}), who, False


def _drawn(campaign: Campaign, made: Composer) -> dict[str, Any]:
    limits, message = made.limits, made.message
    counts = limits.card_count(intro=message.intro is not None)
    return {
        "c": made,
        "campaign": campaign,
        "presets": [(name, words[made.language]) for name, words in labels.PRESETS.items()],
        "layouts": [(name, words[made.language]) for name, words in labels.LAYOUTS.items()],
        "most_buttons": limits.buttons.count(coupon=message.coupon is not None) if limits.buttons else 0,
        "card_count": counts,
        "has_image_link": made.has("image_link"),
        "bad": {int(path.split(".")[1]) for path in made.faults if path.startswith("cards.")},
    }


def _page(
    request: HttpRequest,
    campaign: Campaign,
    form: ChannelsForm,
    frame: Mapping[str, Any],
    made: Composer,
    *,
    status: int = 200,
) -> HttpResponse:
    values = {
        **frame,
        **_drawn(campaign, made),
        "form": form,
        "groups": insertable()[:-1],  # the way out of KakaoTalk is the channel's own
        "emoji": EMOJI,
        "any_channel": Sender.objects.filter(archived_at=None, kind=SenderKind.KAKAO_CHANNEL).exists(),
    }
    return render(request, "console/campaigns/kakao_message.html", values, status=status)


@requires(Role.EDITOR)
def preview(request: HttpRequest, key: str) -> HttpResponse:
    """The bubble of the message as it stands in the form, and what the fields' feet say. Nothing is saved."""
    campaign = get_object_or_404(Campaign, key=key)
    data = request.POST
    reading = (
        read(data) if any(name.startswith(PREFIX) for name in data) else Reading(tree=dict(campaign.kakao or EMPTY))
    )
    _values, who, typed = preview_values(campaign, data)
    made = _judged(campaign, reading, data, strict="strict" in data)
    chosen = [int(pk) for pk in data.getlist("senders") if pk.isdigit()]
    sender = Sender.objects.filter(pk__in=chosen or list(campaign.senders.values_list("pk", flat=True))).first()
    fields = [name for name in made.rendered.variables if not name.startswith("link_")]
    context = {
        "campaign": campaign,
        "bubble": bubble(
            made.rendered.message,
            channel=channel_of(sender),
            pictures=shown(dict(made.pictures)),
            friend=campaign.target != "N",
        ),
        "person": who,
        "typed": typed,
        "nobody": not typed and who is None and bool(data.get("person", "").strip()),
        "c": made,
        "coupons": _coupons(made.message),
        "paths": [*_paths(data), *_parts(made)],
        "fields": [(name, name.removeprefix("properties."), data.get(f"value_{name}", "")) for name in fields],
        "fields_changed": ",".join(fields) != data.get("fields_shown", "-"),
        "fields_shown": ",".join(fields),
    }
    return render(request, "console/composer/answer.html", context)


def channel_of(sender: Sender | None) -> Channel:
    """Who writes, for the bubble."""
    from django.utils.translation import gettext as _

    return Channel(name=sender.name, optout=sender.opt_out_number) if sender else Channel(name=_("Your channel"))


def _paths(data: Mapping[str, Any]) -> list[str]:
    """The fields of the form that have a foot."""
    silent = {"preset", "layout", "here", "ad", "adult"}
    names = (name.removeprefix(PREFIX) for name in data if name.startswith(PREFIX))
    return [path for path in names if path.rsplit(".", 1)[-1] not in silent and not _fixed(path, data)]


def _fixed(path: str, data: Mapping[str, Any]) -> bool:
    """Fields that stand in the form without a foot: kinds of coupons, the name of an add-channel button."""
    above, _dot, leaf = path.rpartition(".")
    return path.endswith("coupon.kind") or (leaf == "name" and data.get(f"{PREFIX}{above}.kind") == "AC")


def _coupons(message: KakaoMessage) -> list[tuple[str, str]]:
    """Where coupons are, and their titles."""
    found = [("coupon", message.coupon), *((f"cards.{n}.coupon", card.coupon) for n, card in enumerate(message.cards))]
    return [(path, coupons.title(coupon)) for path, coupon in found if coupon is not None]


def _parts(made: Composer) -> list[str]:
    """Parts that have a foot of their own."""
    limits, message = made.limits, made.message
    found = ["buttons"] if limits.buttons else []
    found += [name for name in ("items", "cards") if getattr(limits, name)]
    found += ["product"] if limits.product else []
    for n in range(len(message.cards)):
        found += [f"cards.{n}.buttons"] + ([f"cards.{n}.product"] if limits.card_product else [])
    return found
