"""Saved conditions, and what the console asks of the warehouse."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from pabal.accounts.models import User


class Segment(models.Model):
    """A saved condition (`warehouse.conditions`): who fulfils it is found anew each time it is used.

    `key` names it in the API and in other conditions. `size` is the last count, of the time `counted_at`.
    """

    key = models.SlugField(max_length=64, unique=True, allow_unicode=True)
    name = models.CharField(_("Name"), max_length=200)
    description = models.TextField(_("Description"), default="", blank=True)
    condition = models.JSONField()
    version = models.IntegerField(default=1)
    size = models.BigIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())
    archived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "segment"

    def __str__(self) -> str:
        return self.name


class SegmentSize(models.Model):
    """How many people a segment had at a moment: its growth."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="sizes")
    at = models.DateTimeField()
    size = models.BigIntegerField()

    class Meta:
        db_table = "segment_size"
        constraints = [models.UniqueConstraint(fields=["segment", "at"], name="segment_size_once")]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.size}"


class QuestionState(models.TextChoices):
    ASKED = "asked", _("Waiting")
    ANSWERED = "answered", _("Done")
    FAILED = "failed", _("Failed")


class Question(models.Model):
    """Something that only the engine can answer, which has the warehouse. Deleted an hour later.

    `kind` says how to read `body` and `answer` (`campaigns.questions`); `error` is {"code", "message"}. Of one `asker`
    only the newest question of a kind is answered.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=16)
    asker = models.CharField(max_length=100, default="")
    body = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=QuestionState.choices, default=QuestionState.ASKED)
    answer = models.JSONField(null=True)
    error = models.JSONField(null=True)
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "question"
        indexes = [models.Index(fields=["asked_at"], name="question_asked", condition=models.Q(state="asked"))]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class QuestionPeople(models.Model):
    """Profiles that are an answer, in portions with ascending ids: a million are read piece by piece."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="people")
    number = models.IntegerField()
    ids = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "question_people"
        constraints = [models.UniqueConstraint(fields=["question", "number"], name="question_people_once")]

    def __str__(self) -> str:
        return f"{self.question_id}/{self.number}"
