from django.db import migrations, models

import pabal.database

BURY = """
CREATE FUNCTION pabal_bury_profiles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO profile_tombstone (profile_id) SELECT id FROM gone;
    RETURN NULL;
END $$;
CREATE TRIGGER bury_profiles AFTER DELETE ON profile
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION pabal_bury_profiles();
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial"), ("audience", "0002_change_markers")]
    operations = [
        migrations.AddField("planchunk", "first_skip_id", models.BigIntegerField(null=True)),
        migrations.AddField("planchunk", "last_skip_id", models.BigIntegerField(null=True)),
        migrations.CreateModel(
            name="ProfileTombstone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("profile_id", models.BigIntegerField()),
                ("xid", pabal.database.MarkerField()),
            ],
            options={
                "db_table": "profile_tombstone",
                "indexes": [models.Index(fields=["xid"], name="profile_tombstone_xid")],
            },
        ),
        migrations.RunSQL(BURY, migrations.RunSQL.noop),
    ]
