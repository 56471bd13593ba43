"""Who may do what, and what they did."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """Each role may do everything that the one before it may."""

    VIEWER = "viewer", _("Viewer")
    EDITOR = "editor", _("Editor")
    APPROVER = "approver", _("Approver")
    ADMIN = "admin", _("Admin")


RANK = {role: rank for rank, role in enumerate([Role.VIEWER, Role.EDITOR, Role.APPROVER, Role.ADMIN])}


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, role=Role.ADMIN, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in to the console."""

    email = models.EmailField(_("Email"), unique=True)
    name = models.CharField(_("Name"), max_length=100)
    role = models.CharField(_("Role"), max_length=10, choices=Role.choices, default=Role.VIEWER)
    language = models.CharField(max_length=5, blank=True, default="")
    time_zone = models.CharField(max_length=64, blank=True, default="")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    def may(self, role: Role | str) -> bool:
        """Whether this person's role includes `role`."""
        return self.is_active and RANK[Role(self.role)] >= RANK[Role(role)]


class ApiKey(models.Model):
    """A bearer key. Only its SHA-256 is kept; `prefix` is shown so that people recognise it."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=32))
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_keys")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class AuditEntry(models.Model):
    """A change that a person or a key made. Append-only."""

    at = models.DateTimeField(db_default=Now(), editable=False)
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT)
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.PROTECT)
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=64)
    object_type = models.CharField(max_length=32)
    object_id = models.CharField(max_length=64)
    label = models.CharField(max_length=200)
    changes = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["object_type", "object_id", "id"]),
            models.Index(fields=["user", "id"]),
            models.Index(fields=["action", "id"], name="audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.label}"


class LoginAttempt(models.Model):
    """An attempt to log in that has not succeeded. Written before the password is looked at, so that attempts made at
    the same moment count each other; a success removes those of its email and address."""

    email = models.CharField(max_length=254)
    address = models.GenericIPAddressField()
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["email", "at"], name="login_attempt_email"),
            models.Index(fields=["address", "at"], name="login_attempt_address"),
        ]

    def __str__(self) -> str:
        return f"{self.email} from {self.address}"


class IdempotencyKey(models.Model):
    """The answer to a request that carried an `Idempotency-Key`, given again to its repetitions for 24 hours.

    Written in the transaction of the change itself: either both exist or neither. `request_hash` is the SHA-256 of
    method, path and content.
    """

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    request_hash = models.BinaryField(max_length=32)
    status = models.SmallIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), editable=False, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["api_key", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key


class ApiUse(models.Model):
    """Requests that a key made in its latest minute. Not logged by PostgreSQL."""

    api_key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, primary_key=True)
    minute = models.DateTimeField()
    requests = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.requests} in {self.minute:%H:%M}"
