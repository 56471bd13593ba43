"""Two profiles are one person: one is kept, the other goes up in it.

What the kept profile says wins; what it leaves empty, the other fills. Of two decisions about consent the newer one counts,
and of two made at one moment the refusal (`consent_sql`). Events, anonymous ids, lists and the history of consent move;
messages never change, and are found through `profile_merge` (`ids_of`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from pabal.audience.former_ids import FORMER_ID
from pabal.audience.models import Consent, ConsentState, Profile, ProfileMerge
from pabal.audience.people_sql import PEOPLE_LOCK
from pabal.audience.queries import EMAIL
from pabal.database import raw_cursor
from pabal.errors import InvalidInput, NotFound

log = logging.getLogger(__name__)

#: Fields that are taken from the other profile where the kept one has none. The place goes with the phone.
FIELDS = ("external_id", "phone", "email", "first_name", "last_name", "locale", "time_zone")
PLACE = ("country", "region", "zones")

_IDS_OF = "SELECT %s::bigint UNION SELECT old_id FROM profile_merge WHERE new_id = %s"
_NOW = """
SELECT p.id FROM profile p WHERE p.id = coalesce((SELECT max(new_id) FROM profile_merge WHERE old_id = %s), %s)
"""

_LATE = """
SELECT m.old_id, m.new_id FROM profile_merge m
WHERE m.at > now() - interval '10 minutes' AND EXISTS (SELECT FROM event e WHERE e.profile_id = m.old_id)
"""

#: Each statement takes `keep` and `gone`; together they are the merge, after the kept row itself.
_MOVE = (
    "UPDATE event SET profile_id = %(keep)s WHERE profile_id = %(gone)s",
    "UPDATE anonymous SET profile_id = %(keep)s WHERE profile_id = %(gone)s",
    "UPDATE consent_event SET profile_id = %(keep)s, moved_from = coalesce(moved_from, profile_id) "
    "WHERE profile_id = %(gone)s",
    """
    INSERT INTO consent (profile_id, channel, purpose, state, changed_at)
    SELECT %(keep)s, channel, purpose, state, changed_at FROM consent WHERE profile_id = %(gone)s ORDER BY 2, 3
    ON CONFLICT (profile_id, channel, purpose) DO UPDATE SET state = EXCLUDED.state, changed_at = EXCLUDED.changed_at
    WHERE pabal_consent_changes(consent.state, consent.changed_at, EXCLUDED.state, EXCLUDED.changed_at)
    """,
    "DELETE FROM consent WHERE profile_id = %(gone)s",
    # On a list through both: one member less.
    """
    UPDATE list SET size = size - 1, updated_at = now() WHERE id IN (
        SELECT k.list_id FROM list_member k JOIN list_member g USING (list_id)
        WHERE k.profile_id = %(keep)s AND g.profile_id = %(gone)s AND k.removed_at IS NULL AND g.removed_at IS NULL
    )
    """,
    """
    INSERT INTO list_member (list_id, profile_id, added_at)
    SELECT list_id, %(keep)s, added_at FROM list_member WHERE profile_id = %(gone)s AND removed_at IS NULL ORDER BY 1
    ON CONFLICT (list_id, profile_id) DO UPDATE SET removed_at = NULL,
        added_at = CASE WHEN list_member.removed_at IS NULL THEN least(list_member.added_at, EXCLUDED.added_at)
            ELSE EXCLUDED.added_at END
    """,
    "UPDATE list_member SET removed_at = now() WHERE profile_id = %(gone)s AND removed_at IS NULL",
    f"""
    INSERT INTO anonymous (anonymous_id, profile_id)
    SELECT '{FORMER_ID}' || g.external_id, %(keep)s FROM profile g JOIN profile k ON k.id = %(keep)s
    WHERE g.id = %(gone)s AND g.external_id IS NOT NULL AND k.external_id IS NOT NULL
    ON CONFLICT (anonymous_id) DO UPDATE SET profile_id = EXCLUDED.profile_id
    """,  # noqa: S608
    "DELETE FROM profile WHERE id = %(gone)s",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A field or property: what each profile says, and what will stand. `lost`: the other's value goes."""

    name: str
    kept: Any
    gone: Any
    result: Any

    @property
    def lost(self) -> bool:
        return self.gone not in (None, "", self.result)

    @property
    def filled(self) -> bool:
        return self.kept in (None, "") and self.result not in (None, "")


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentChoice:
    """Consent for one channel and purpose: (state, since) of each profile and of the result; None: never asked."""

    channel: str
    purpose: str
    kept: tuple[str, datetime] | None
    gone: tuple[str, datetime] | None
    result: tuple[str, datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a merge will do. `events`, `lists`: what moves from the profile that goes."""

    keep: Profile
    gone: Profile
    fields: tuple[Choice, ...]
    properties: tuple[Choice, ...]
    consents: tuple[ConsentChoice, ...]
    events: int
    lists: int

    @property
    def values(self) -> dict[str, Any]:
        """The fields of the kept profile afterwards, its properties among them."""
        place = self.keep if self.keep.phone or not self.gone.phone else self.gone
        return (
            {choice.name: choice.result for choice in self.fields}
            | {name: getattr(place, name) or getattr(self.gone, name) for name in PLACE[:1]}
            | {name: getattr(place, name) for name in PLACE[1:]}
            | {"properties": {choice.name: choice.result for choice in self.properties}}
        )


def outcome(keep_id: int, gone_id: int) -> Outcome:
    """What merging would do. Raises InvalidInput `same_profile`, NotFound `no_such_profile`."""
    if keep_id == gone_id:
        raise InvalidInput(_("A profile cannot be merged with itself."), code="same_profile", field="merge")
    found = Profile.objects.in_bulk([keep_id, gone_id])
    if len(found) < 2:
        raise NotFound(_("There is no such person."), code="no_such_profile")
    keep, gone = found[keep_id], found[gone_id]
    with raw_cursor() as cursor:
        row = cursor.execute(
            "SELECT (SELECT count(*) FROM event WHERE profile_id = %(gone)s), "
            "(SELECT count(*) FROM list_member WHERE profile_id = %(gone)s AND removed_at IS NULL)",
            {"gone": gone_id},
        ).fetchone()
    assert row is not None
    names = sorted({*keep.properties, *gone.properties})
    return Outcome(
        keep=keep,
        gone=gone,
        fields=tuple(_choice(name, getattr(keep, name), getattr(gone, name)) for name in FIELDS),
        properties=tuple(_choice(name, keep.properties.get(name), gone.properties.get(name)) for name in names),
        consents=tuple(_consents(keep_id, gone_id)),
        events=row[0],
        lists=row[1],
    )


@transaction.atomic
def merge_profiles(keep_id: int, gone_id: int, *, by: str = "") -> Outcome:
    """Merge one profile into another, in one transaction; returns what it did.

    The profile that goes is deleted; its id leads to the kept one (`current_id`). Raises like `outcome`.
    """
    with raw_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PEOPLE_LOCK])
        cursor.execute("SELECT FROM profile WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [[keep_id, gone_id]])
        done = outcome(keep_id, gone_id)
        ids = {"keep": keep_id, "gone": gone_id}
        for statement in _MOVE:
            cursor.execute(statement, ids)
        values = done.values
        # The external id is free now that the other row is gone.
        Profile.objects.filter(pk=keep_id).update(**values)
        cursor.execute("UPDATE profile SET updated_at = now() WHERE id = %s", [keep_id])
        # Whoever went up in the one that goes now belongs to the kept one: one step leads from any old id to the present.
        ProfileMerge.objects.filter(new_id=gone_id).update(new_id=keep_id)
        ProfileMerge.objects.create(old_id=gone_id, new_id=keep_id, by=by[:200])
    return done


@transaction.atomic
def follow_late_events() -> int:
    """Hand events to the kept profile that were written for the other one at the moment of the merge; how many.

    Looks at the merges of the last ten minutes. The merge gets a new change marker, too, so that the warehouse follows it again.
    """
    with raw_cursor() as cursor:
        late = 0
        for old, new in cursor.execute(_LATE).fetchall():
            late += cursor.execute("UPDATE event SET profile_id = %s WHERE profile_id = %s", [new, old]).rowcount
            cursor.execute("UPDATE profile_merge SET new_id = new_id WHERE old_id = %s", [old])
    if late:
        log.info("%d events came for profiles that had just been merged", late)
    return late


def ids_of(profile_id: int) -> list[int]:
    """The profile's id, and those of the profiles that went up in it."""
    with raw_cursor() as cursor:
        return [found for (found,) in cursor.execute(_IDS_OF, [profile_id, profile_id])]


def ids_of_all(profile_ids: Iterable[int]) -> list[int]:
    """The same for several."""
    return sorted({found for profile_id in profile_ids for found in ids_of(profile_id)})


def current_id(profile_id: int) -> int | None:
    """Who a profile is now: itself, or the one in which it went up; None when there is none."""
    with raw_cursor() as cursor:
        row = cursor.execute(_NOW, [profile_id, profile_id]).fetchone()
    return row[0] if row else None


def likely_same(profile: Profile, *, limit: int = 5) -> list[Profile]:
    """Others with the same phone or email address, the oldest first."""
    others = Profile.objects.exclude(pk=profile.pk).order_by("pk")
    found: dict[int, Profile] = {}
    # Two questions, each to its own index: as one, everybody would be read.
    if profile.phone:
        found |= {other.pk: other for other in others.filter(phone=profile.phone)[:limit]}
    if profile.email:
        mail = others.annotate(mail=EMAIL).filter(mail=profile.email.lower()).exclude(email="").order_by()
        found |= {other.pk: other for other in mail[:limit]}
    return [found[pk] for pk in sorted(found)[:limit]]


def _choice(name: str, kept: Any, gone: Any) -> Choice:
    return Choice(name=name, kept=kept, gone=gone, result=gone if kept in (None, "") and gone is not None else kept)


def _consents(keep_id: int, gone_id: int) -> Iterable[ConsentChoice]:
    held: dict[tuple[str, str], dict[int, tuple[str, datetime]]] = {}
    for row in Consent.objects.filter(profile_id__in=[keep_id, gone_id]).order_by("channel", "purpose"):
        held.setdefault((row.channel, row.purpose), {})[row.profile_id] = (row.state, row.changed_at)
    for (channel, purpose), states in held.items():
        kept, gone = states.get(keep_id), states.get(gone_id)
        result = kept if gone is None or (kept is not None and not _changes(kept, gone)) else gone
        assert result is not None
        yield ConsentChoice(channel=channel, purpose=purpose, kept=kept, gone=gone, result=result)


def _changes(old: tuple[str, datetime], new: tuple[str, datetime]) -> bool:
    """`pabal_consent_changes`, for what is shown beforehand."""
    if old[0] == new[0]:
        return False
    return new[1] >= old[1] if new[0] == ConsentState.UNSUBSCRIBED else new[1] > old[1]
