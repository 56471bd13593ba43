"""What is done with accounts. Each runs in one transaction and leaves an entry in the audit trail."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes, force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _

from pabal.accounts import keys
from pabal.accounts.audit import Actor, difference, record, snapshot
from pabal.accounts.models import ApiKey, Role, User
from pabal.errors import Conflict, InvalidInput, NotFound

FIRST_RUN_LOCK = 0x70616261  # any number nobody else locks
USER_FIELDS = ("email", "name", "role", "is_active")
PREFERENCES = ("name", "language", "time_zone")


def is_first_run() -> bool:
    """Whether nobody has an account yet."""
    return not User.objects.exists()


@transaction.atomic
def make_first_admin(*, email: str, name: str, password: str, by: Actor) -> User:
    """Create the first account, an admin. Raises Conflict (`already_set_up`) once there is any account.

    An advisory lock lets one of two simultaneous requests win.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FIRST_RUN_LOCK])
    if not is_first_run():
        raise Conflict(_("Pabal is set up already. Log in instead."), code="already_set_up")
    user = _new_user(email=email, name=name, role=Role.ADMIN)
    _set_password(user, password)
    user.save()
    record(Actor(user=user, address=by.address), "user.create", user, {"role": Role.ADMIN.value})
    return user


@transaction.atomic
def add_user(*, email: str, name: str, role: Role | str, by: Actor) -> User:
    """Create an account that has no password yet; `access_link` lets its owner choose one.

    Raises InvalidInput (`invalid_email`, `email_taken`, `invalid_role`).
    """
    user = _new_user(email=email, name=name, role=role)
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:  # someone added the same person at the same moment
        raise _email_taken() from None
    record(by, "user.create", user, {"email": user.email, "role": user.role})
    return user


@transaction.atomic
def edit_user(user_id: int, *, name: str, role: Role | str, active: bool, by: Actor) -> User:
    """Change a person's name and role, or deactivate them, which ends their sessions.

    Raises NotFound, InvalidInput (`invalid_role`), Conflict (`last_admin`) when no active admin would be left.
    """
    admins = list(_lock_admins())
    user = _locked_user(user_id)
    before = snapshot(user, USER_FIELDS)
    user.name = name.strip()
    user.role = _role(role)
    user.is_active = active
    if admins == [user.pk] and not user.may(Role.ADMIN):
        raise Conflict(
            _("The last administrator stays one. Make someone else an administrator first."), code="last_admin"
        )
    user.save(update_fields=["name", "role", "is_active"])
    changes = difference(before, snapshot(user, USER_FIELDS))
    if changes:
        record(by, "user.edit", user, changes)
    return user


@transaction.atomic
def renew_access(user_id: int, *, by: Actor) -> str:
    """Take a person's password away, end their sessions and return a new link with which they choose another."""
    user = _locked_user(user_id)
    if not user.is_active:
        raise Conflict(_("This account is deactivated."), code="user_inactive")
    user.set_unusable_password()
    user.save(update_fields=["password"])
    record(by, "user.renew_access", user)
    return access_link(user)


def access_link(user: User) -> str:
    """A one-time address where this person sets a password. Valid for three days (Django's PASSWORD_RESET_TIMEOUT)."""
    return str(settings.CONSOLE_URL) + reverse("console:join", args=access_token(user))


def access_token(user: User) -> tuple[str, str]:
    """The two variable parts of `access_link`: who it is for, and the token."""
    return urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)


def invited(person: str, token: str) -> User | None:
    """Whose link this is, while it is valid."""
    try:
        user = User.objects.filter(pk=int(force_str(urlsafe_base64_decode(person))), is_active=True).first()
    except (ValueError, OverflowError):
        return None
    return user if user is not None and default_token_generator.check_token(user, token) else None


@transaction.atomic
def join(person: str, token: str, *, password: str, by: Actor) -> User:
    """Set the password that a link allows, once. Raises NotFound (`link_expired`), InvalidInput (`weak_password`)."""
    user = invited(person, token)
    if user is None or not default_token_generator.check_token(user := _locked_user(user.pk), token):
        raise NotFound(_("This link has expired or was used. Ask an administrator for a new one."), code="link_expired")
    _set_password(user, password)
    user.save(update_fields=["password"])
    record(Actor(user=user, address=by.address), "user.set_password", user)
    return user


@transaction.atomic
def change_password(user: User, *, old: str, new: str, by: Actor) -> User:
    """Change one's own password. Other sessions end. Raises InvalidInput (`wrong_password`, `weak_password`)."""
    user = _locked_user(user.pk)
    if not user.check_password(old):
        raise InvalidInput(_("The present password is wrong."), code="wrong_password", field="old")
    _set_password(user, new, field="new")
    user.save(update_fields=["password"])
    record(by, "user.set_password", user)
    return user


@transaction.atomic
def set_preferences(user: User, *, name: str, language: str, time_zone: str, by: Actor) -> User:
    """Change one's own name, language (`ko`, `en` or empty: the installation's) and time zone (IANA, or empty).

    Raises InvalidInput (`invalid_language`, `invalid_time_zone`).
    """
    user = _locked_user(user.pk)
    if language and language not in dict(settings.LANGUAGES):
        raise InvalidInput(_("This language is not offered."), code="invalid_language", field="language")
    if time_zone and time_zone not in zoneinfo.available_timezones():
        raise InvalidInput(_("There is no such time zone."), code="invalid_time_zone", field="time_zone")
    before = snapshot(user, PREFERENCES)
    user.name, user.language, user.time_zone = name.strip(), language, time_zone
    user.save(update_fields=list(PREFERENCES))
    record(by, "user.set_preferences", user, difference(before, snapshot(user, PREFERENCES)))
    return user


@transaction.atomic
def create_api_key(*, name: str, scopes: Iterable[str], owner: User, by: Actor) -> tuple[ApiKey, str]:
    """(the key's row, the key itself, which nobody can read again). Raises InvalidInput (`name_needed`, `invalid_scope`)."""
    wanted = sorted(set(scopes))
    if not name.strip():
        raise InvalidInput(_("Give the key a name."), code="name_needed", field="name")
    if not wanted or set(wanted) - set(keys.Scope.values):
        raise InvalidInput(_("Choose at least one thing that the key may do."), code="invalid_scope", field="scopes")
    prefix, secret = keys.new_secret()
    key = ApiKey.objects.create(
        name=name.strip()[:100], prefix=prefix, digest=keys.digest(secret), scopes=wanted, created_by=owner
    )
    record(by, "api_key.create", key, {"scopes": wanted, "prefix": prefix})
    return key, secret


@transaction.atomic
def revoke_api_key(key_id: int, *, by: Actor) -> ApiKey:
    """End a key for good, at once. Raises NotFound, Conflict (`key_revoked`)."""
    key = ApiKey.objects.filter(pk=key_id).first()
    if key is None:
        raise NotFound(_("There is no such key."))
    if not ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=timezone.now()):
        raise Conflict(_("This key is revoked already."), code="key_revoked")
    record(by, "api_key.revoke", key)
    key.refresh_from_db()
    return key


def _new_user(*, email: str, name: str, role: Role | str) -> User:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInput(_("Enter an email address."), code="invalid_email", field="email") from None
    if User.objects.filter(email=email).exists():
        raise _email_taken()
    return User(email=email, name=name.strip(), role=_role(role))


def _email_taken() -> InvalidInput:
    return InvalidInput(_("Someone with this email has an account already."), code="email_taken", field="email")


def _role(role: Role | str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise InvalidInput(_("There is no such role."), code="invalid_role", field="role") from None


def _set_password(user: User, password: str, *, field: str = "password") -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), code="weak_password", field=field) from None
    user.set_password(password)


def _locked_user(user_id: int) -> User:
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no such person."))
    return user


def _lock_admins() -> Iterable[int]:
    """Ids of the active admins; nobody else can change them until this transaction ends."""
    admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True).order_by("pk")
    return [user.pk for user in admins]
