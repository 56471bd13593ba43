from django.db import migrations

from pabal.database import touch_xid

# Ids are handed out in runs: `SELECT pabal_reserve_message_ids(n)` returns the first of n consecutive ones.
RESERVE = """
CREATE SEQUENCE message_id_seq;
CREATE FUNCTION pabal_reserve_message_ids(n bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE first bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('message_id_seq'));
    first := nextval('message_id_seq');
    PERFORM setval('message_id_seq', first + n - 1);
    RETURN first;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_initial")]
    operations = [
        migrations.RunSQL(RESERVE, migrations.RunSQL.noop),
        migrations.RunSQL(touch_xid("batch"), migrations.RunSQL.noop),
    ]
