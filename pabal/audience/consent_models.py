"""Figures about consent that are kept while it changes, and whom we may not write to although we forgot them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class ErasedPhone(models.Model):
    """The proof that a phone had refused, without the phone: a keyed hash (`audience.erasure`) whose key is not here.

    `reason` is why: `refused` (its owner opted out), or that of the suppression that stood.
    """

    digest = models.BinaryField(primary_key=True)
    reason = models.CharField(max_length=32)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "erased_phone"

    def __str__(self) -> str:
        return bytes(self.digest).hex()[:12]


class ConsentTally(models.Model):
    """How many people came into a state of consent, and left it, within an hour (UTC).

    Triggers on `consent` append to it, so every writer is counted, without waiting for another. Rows of one hour are
    summed up now and then (`consent_figures.compact`). In a state now: the sum of `came` less that of `went`.
    """

    hour = models.DateTimeField()
    channel = models.CharField(max_length=8)
    purpose = models.CharField(max_length=16)
    state = models.CharField(max_length=16)
    came = models.BigIntegerField()
    went = models.BigIntegerField()

    class Meta:
        db_table = "consent_tally"
        indexes = [models.Index(fields=["hour"], name="consent_tally_hour")]

    def __str__(self) -> str:
        return f"{self.hour}: {self.channel} {self.purpose} {self.state}"


class ConsentSource(models.Model):
    """Where consent came from: how many people gave it there last, and how many of them have withdrawn it since.

    Counted by the engine now and then (`consent_figures.count_sources`); `at` says when.
    """

    channel = models.CharField(max_length=8)
    purpose = models.CharField(max_length=16)
    method = models.CharField(max_length=8)
    source = models.TextField()
    people = models.BigIntegerField()
    withdrawn = models.BigIntegerField()
    last_at = models.DateTimeField()
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "consent_source"

    def __str__(self) -> str:
        return f"{self.method}: {self.source}"


#: Counts what each statement changes in `consent`, whoever runs it.
TALLY_TRIGGERS = """
CREATE OR REPLACE FUNCTION pabal_tally_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO consent_tally (hour, channel, purpose, state, came, went)
        SELECT date_trunc('hour', now()), channel, purpose, state, count(*), 0 FROM fresh GROUP BY 2, 3, 4;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO consent_tally (hour, channel, purpose, state, came, went)
        SELECT date_trunc('hour', now()), channel, purpose, state, 0, count(*) FROM stale GROUP BY 2, 3, 4;
    ELSE
        INSERT INTO consent_tally (hour, channel, purpose, state, came, went)
        SELECT date_trunc('hour', now()), channel, purpose, state, sum(came), sum(went) FROM (
            SELECT channel, purpose, state, 1 AS came, 0 AS went FROM fresh
            UNION ALL SELECT channel, purpose, state, 0, 1 FROM stale
        ) moves GROUP BY 2, 3, 4 HAVING sum(came) <> 0 OR sum(went) <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tally_insert AFTER INSERT ON consent REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION pabal_tally_consent();
CREATE TRIGGER tally_update AFTER UPDATE ON consent REFERENCING NEW TABLE AS fresh OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION pabal_tally_consent();
CREATE TRIGGER tally_delete AFTER DELETE ON consent REFERENCING OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION pabal_tally_consent();
INSERT INTO consent_tally (hour, channel, purpose, state, came, went)
SELECT date_trunc('hour', changed_at), channel, purpose, state, count(*), 0 FROM consent GROUP BY 1, 2, 3, 4;
"""
