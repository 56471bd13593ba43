"""Segments: saved conditions. Made, changed, copied, archived; and who uses them. One transaction each.

Writing the audit trail is the caller's part: `audit.snapshot(segment, FIELDS)` before and after a change keeps the
history of the condition. What a condition may say is `warehouse.conditions`; here it is checked against what exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from pabal.accounts.models import User
from pabal.audience.keys import checked_key, key_from
from pabal.audience.models import List, Segment
from pabal.database import raw_cursor
from pabal.errors import Conflict, InvalidInput, NotFound
from pabal.warehouse.conditions import Condition, InvalidCondition, dump, mentions, parse

#: What a change of a segment may touch, for the audit trail.
FIELDS = ("name", "description", "condition", "version")

#: Taken by addresses of the console and the API.
RESERVED = frozenset({"new", "count", "sample", "values", "members", "condition"})

#: Campaigns in these states will still read their segments.
_WAITING = ("draft", "scheduled", "planning")

_CHANGES = 7_206_031  # an advisory lock: any number of its own

_NAMES_KEY = """jsonb_path_exists(
    segment.condition, '$.** ? (@.type == "segment").segments[*] ? (@ == $key)', jsonb_build_object('key', %s::text)
)"""


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignUse:
    """A campaign that includes a segment, or (`excludes`) leaves its people out."""

    key: str
    name: str
    state: str
    excludes: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Who uses a segment: campaigns, the newest first, and other segments that are not archived."""

    campaigns: tuple[CampaignUse, ...]
    segments: tuple[Segment, ...]

    @property
    def holding(self) -> tuple[str, ...]:
        """Names of what would break without it: segments, and campaigns that have not been planned yet."""
        waiting = (use.name for use in self.campaigns if use.state in _WAITING)
        return (*(segment.name for segment in self.segments), *dict.fromkeys(waiting))


def by_key(key: str) -> Segment:
    """The segment called `key`, archived or not. Raises NotFound (`unknown_segment`)."""
    segment = Segment.objects.filter(key=key).first()
    if segment is None:
        raise NotFound(_("There is no segment %(key)s.") % {"key": key}, code="unknown_segment")
    return segment


def checked(condition: Any, *, key: str = "") -> Condition:
    """The tree of a condition's JSON, of which everything that it names exists.

    `key`: the segment that it is for, which it may not lead back to. Raises `InvalidCondition` for what cannot be
    understood, InvalidInput `unknown_list`, `unknown_segment`, `unknown_campaign` or `segment_cycle`.
    """
    tree = parse(condition)
    named = mentions(tree)
    lists = set(List.objects.filter(key__in=named.lists).values_list("key", flat=True))
    if missing := _listed(named.lists - lists):
        raise InvalidInput(_("There is no list %(keys)s.") % {"keys": missing}, code="unknown_list", field="condition")
    segments = conditions_of(named.segments)
    if missing := _listed(named.segments - segments.keys()):
        message = _("There is no segment %(keys)s.") % {"keys": missing}
        raise InvalidInput(message, code="unknown_segment", field="condition")
    found = set(_campaigns().filter(key__in=named.campaigns).values_list("key", flat=True))
    if missing := _listed(named.campaigns - found):
        message = _("There is no campaign %(keys)s.") % {"keys": missing}
        raise InvalidInput(message, code="unknown_campaign", field="condition")
    if key and key in segments:
        message = _("A segment cannot contain itself, not even through others.")
        raise InvalidInput(message, code="segment_cycle", field="condition")
    return tree


def conditions_of(keys: Iterable[str]) -> dict[str, Segment]:
    """The segments called `keys` and all that they name, through however many steps. Unknown ones are left out."""
    found: dict[str, Segment] = {}
    wanted = set(keys)
    while wanted:
        rows = {row.key: row for row in Segment.objects.filter(key__in=wanted)}
        found |= rows
        wanted = {key for row in rows.values() for key in _named(row.condition)} - found.keys()
    return found


def versions_of(keys: Iterable[str]) -> dict[str, int]:
    """key → version of these segments and of all that they name: what a review was made with."""
    return {key: row.version for key, row in sorted(conditions_of(keys).items())}


@transaction.atomic
def create(*, by: User | None, name: str, condition: Any, key: str = "", description: str = "") -> Segment:
    """Save a condition (its JSON, decoded or as text). Without a `key`, one is made from the name.

    Raises InvalidInput (`required`, `bad_key`, those of `checked`) and Conflict `key_taken`.
    """
    name = _name(name)
    _one_at_a_time()
    tree = checked(condition)
    chosen = checked_key(
        key.strip() or key_from(name, Segment, reserved=RESERVED, otherwise="segment"), reserved=RESERVED
    )
    made = Segment(key=chosen, name=name, description=description.strip(), condition=dump(tree), created_by=by)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        message = _("There is a segment with the key “%(key)s” already.") % {"key": chosen}
        raise Conflict(message, code="key_taken", field="key") from None
    made.refresh_from_db()
    return made


@transaction.atomic
def change(
    segment: Segment,
    *,
    name: str | None = None,
    description: str | None = None,
    condition: Any = None,
    expected_version: int | None = None,
) -> Segment:
    """Change what is not None. Another condition raises the version: reviews of campaigns that use it no longer hold.

    `expected_version`: the one that was read before editing; Conflict `segment_changed` if somebody was faster. Raises
    InvalidInput as `create` does, Conflict `segment_archived`.
    """
    _one_at_a_time()
    held = Segment.objects.select_for_update().get(pk=segment.pk)
    if held.archived_at is not None:
        raise Conflict(_("The segment is archived. Bring it back first."), code="segment_archived")
    if expected_version is not None and expected_version != held.version:
        raise Conflict(
            _("Somebody else changed this segment meanwhile. Load it again."),
            code="segment_changed",
            details={"version": held.version},
        )
    fields: dict[str, Any] = {}
    if name is not None:
        fields["name"] = _name(name)
    if description is not None:
        fields["description"] = description.strip()
    if condition is not None:
        plain = dump(checked(condition, key=held.key))
        if plain != held.condition:
            fields |= {"condition": plain, "version": F("version") + 1, "counted_at": None}
    Segment.objects.filter(pk=held.pk).update(**fields, updated_at=Now())
    segment.refresh_from_db()
    return segment


@transaction.atomic
def duplicate(segment: Segment, *, by: User | None) -> Segment:
    """A new segment with the same condition."""
    return create(
        by=by,
        name=_("%(name)s (copy)") % {"name": segment.name[:190]},
        key=key_from(segment.key[:56], Segment, reserved=RESERVED, otherwise="segment"),
        description=segment.description,
        condition=segment.condition,
    )


@transaction.atomic
def archive(segment: Segment) -> None:
    """Take a segment out of sight. Raises Conflict `segment_archived`; `segment_in_use` while a campaign that has not
    been planned, or another segment, needs it (`details["used_in"]`: their names)."""
    held = Segment.objects.select_for_update().get(pk=segment.pk)
    if held.archived_at is not None:
        raise Conflict(_("The segment is archived already."), code="segment_archived")
    if holding := used_in(held).holding:
        names = ", ".join(holding[:5]) + ("…" if len(holding) > 5 else "")
        raise Conflict(
            _("It is still used by %(names)s. Take it out there first.") % {"names": names},
            code="segment_in_use",
            details={"used_in": list(holding)},
        )
    Segment.objects.filter(pk=held.pk).update(archived_at=Now(), updated_at=Now())
    segment.refresh_from_db()


@transaction.atomic
def restore(segment: Segment) -> None:
    """Bring an archived segment back. Raises Conflict `segment_not_archived`."""
    back = Segment.objects.filter(pk=segment.pk, archived_at__isnull=False)
    if back.update(archived_at=None, counted_at=None, updated_at=Now()) != 1:
        raise Conflict(_("The segment is not archived."), code="segment_not_archived")
    segment.refresh_from_db()


def used_in(segment: Segment) -> Usage:
    """The campaigns and segments that use a segment directly."""
    rows = _campaigns().filter(Q(include_segments=segment) | Q(exclude_segments=segment)).distinct().order_by("-pk")
    excluding = set(segment.excluding_campaigns.values_list("pk", flat=True))
    others = Segment.objects.filter(archived_at=None).annotate(names=RawSQL(_NAMES_KEY, [segment.key]))  # noqa: S611
    return Usage(
        campaigns=tuple(
            CampaignUse(key=row.key, name=row.name, state=row.state, excludes=row.pk in excluding) for row in rows
        ),
        segments=tuple(others.filter(names=True).order_by("name")),
    )


def _campaigns() -> Any:
    """All campaigns; their models are above this layer, so they are found by name."""
    return apps.get_model("campaigns", "Campaign")._default_manager.all()


def _one_at_a_time() -> None:
    """Two changes at once could close a circle that neither sees."""
    with raw_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CHANGES])


def _named(condition: Mapping[str, Any]) -> frozenset[str]:
    """Keys of the segments that a stored condition names; none if it cannot be read (any more)."""
    try:
        return mentions(parse(condition)).segments
    except InvalidCondition:
        return frozenset()


def _listed(keys: Iterable[str]) -> str:
    return ", ".join(sorted(keys))


def _name(name: str) -> str:
    plain = " ".join(name.split())
    if not plain or len(plain) > 200:
        raise InvalidInput(_("Give the segment a name of at most 200 characters."), code="required", field="name")
    return plain
