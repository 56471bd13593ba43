"""Static lists: made, renamed, archived, joined and left. One transaction each; `size` is always the number of members."""

from __future__ import annotations

from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from pabal.audience.keys import checked_key, key_from
from pabal.audience.models import List
from pabal.database import raw_cursor
from pabal.errors import Conflict, InvalidInput, NotFound

#: Taken by addresses of the console.
RESERVED = frozenset({"new"})

_ADD = """
INSERT INTO list_member (list_id, profile_id)
SELECT %(list)s, id FROM profile WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id
ON CONFLICT (list_id, profile_id) DO UPDATE SET removed_at = NULL, added_at = now()
WHERE list_member.removed_at IS NOT NULL
"""

_REMOVE = """
UPDATE list_member SET removed_at = now() WHERE list_id = %(list)s AND profile_id IN (
    SELECT profile_id FROM list_member
    WHERE list_id = %(list)s AND profile_id = ANY(%(ids)s::bigint[]) AND removed_at IS NULL
    ORDER BY profile_id FOR UPDATE
)
"""

_RECOUNT = """
UPDATE list SET size = (SELECT count(*) FROM list_member WHERE list_id = list.id AND removed_at IS NULL)
WHERE id = %s RETURNING size
"""


def create_list(name: str, *, key: str = "", description: str = "") -> List:
    """Make a list. Without a `key`, one is made from the name. Raises InvalidInput, Conflict `key_taken`."""
    name = _name(name)
    chosen = checked_key(key.strip() or key_from(name, List, reserved=RESERVED, otherwise="list"), reserved=RESERVED)
    try:
        with transaction.atomic():
            return List.objects.create(key=chosen, name=name, description=description.strip())
    except IntegrityError:
        raise Conflict(
            _("There is a list with the key “%(key)s” already.") % {"key": chosen}, code="key_taken", field="key"
        ) from None


def rename_list(list_: List, *, name: str, description: str | None = None) -> None:
    """Change a list's name and, unless None, its description. The key stays. Raises InvalidInput."""
    list_.name = _name(name)
    if description is not None:
        list_.description = description.strip()
    List.objects.filter(pk=list_.pk).update(name=list_.name, description=list_.description, updated_at=Now())


def archive_list(list_: List) -> None:
    """Take a list out of sight; its members stay. Raises Conflict `list_archived`."""
    if List.objects.filter(pk=list_.pk, archived_at=None).update(archived_at=Now(), updated_at=Now()) != 1:
        raise Conflict(_("The list is archived already."), code="list_archived")
    list_.refresh_from_db()


def restore_list(list_: List) -> None:
    """Bring an archived list back. Raises Conflict `list_not_archived`."""
    restored = List.objects.filter(pk=list_.pk, archived_at__isnull=False).update(archived_at=None, updated_at=Now())
    if restored != 1:
        raise Conflict(_("The list is not archived."), code="list_not_archived")
    list_.refresh_from_db()


def add_members(list_: List, profile_ids: Collection[int]) -> int:
    """Put people on a list; returns how many were not on it. Ids of nobody are passed over. Raises Conflict."""
    return _change_members(list_, _ADD, profile_ids, sign=1)


def remove_members(list_: List, profile_ids: Collection[int]) -> int:
    """Take people off a list; returns how many were on it. Raises Conflict `list_archived`."""
    return _change_members(list_, _REMOVE, profile_ids, sign=-1)


@transaction.atomic
def recount(list_: List) -> int:
    """Count the members afresh. Raises NotFound."""
    with raw_cursor() as cursor:
        row = cursor.execute(_RECOUNT, [list_.pk]).fetchone()
    if row is None:
        raise NotFound(_("There is no such list."), code="no_such_list")
    list_.size = row[0]
    return list_.size


@transaction.atomic
def _change_members(list_: List, statement: str, profile_ids: Collection[int], *, sign: int) -> int:
    if list_.archived_at is not None:
        raise Conflict(_("The list is archived."), code="list_archived")
    with raw_cursor() as cursor:
        changed = cursor.execute(statement, {"list": list_.pk, "ids": sorted(set(profile_ids))}).rowcount
        row = cursor.execute(
            "UPDATE list SET size = size + %s, updated_at = now() WHERE id = %s RETURNING size",
            [sign * changed, list_.pk],
        ).fetchone()
    if row is None:
        raise NotFound(_("There is no such list."), code="no_such_list")
    list_.size = row[0]
    return changed


def _name(name: str) -> str:
    plain = " ".join(name.split())
    if not plain or len(plain) > 200:
        raise InvalidInput(_("Give the list a name of at most 200 characters."), code="required", field="name")
    return plain
