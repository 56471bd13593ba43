import django.db.models.functions.datetime
from django.db import migrations, models

from pabal.audience.consent_models import TALLY_TRIGGERS

# Finds people by the beginning of an email address; must match `queries.find_profiles`.
EMAIL_INDEX = "CREATE INDEX profile_email ON profile (lower(email) text_pattern_ops) WHERE email <> ''"


class Migration(migrations.Migration):
    dependencies = [
        ("audience", "0007_question_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConsentSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(max_length=8)),
                ("purpose", models.CharField(max_length=16)),
                ("method", models.CharField(max_length=8)),
                ("source", models.TextField()),
                ("people", models.BigIntegerField()),
                ("withdrawn", models.BigIntegerField()),
                ("last_at", models.DateTimeField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                "db_table": "consent_source",
            },
        ),
        migrations.CreateModel(
            name="ConsentTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField()),
                ("channel", models.CharField(max_length=8)),
                ("purpose", models.CharField(max_length=16)),
                ("state", models.CharField(max_length=16)),
                ("came", models.BigIntegerField()),
                ("went", models.BigIntegerField()),
            ],
            options={
                "db_table": "consent_tally",
            },
        ),
        migrations.CreateModel(
            name="ErasedPhone",
            fields=[
                ("digest", models.BinaryField(primary_key=True, serialize=False)),
                ("reason", models.CharField(max_length=32)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                "db_table": "erased_phone",
            },
        ),
        migrations.AddIndex(
            model_name="consenttally",
            index=models.Index(fields=["hour"], name="consent_tally_hour"),
        ),
        migrations.RunSQL(TALLY_TRIGGERS, migrations.RunSQL.noop),
        migrations.RunSQL(EMAIL_INDEX, "DROP INDEX profile_email"),
    ]
