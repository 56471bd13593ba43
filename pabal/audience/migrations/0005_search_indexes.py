from django.db import migrations

# Few distinct values each, so they cost an import little. They must match `queries.find_profiles`.
INDEXES = {
    "profile_phone_end": "right(phone, 4)",
    "profile_name": "lower(last_name || first_name) text_pattern_ops",
    "profile_first_name": "lower(first_name) text_pattern_ops",
}


class Migration(migrations.Migration):
    dependencies = [("audience", "0004_consent_rule")]
    operations = [
        migrations.RunSQL(f"CREATE INDEX {name} ON profile ({expression})", f"DROP INDEX {name}")
        for name, expression in INDEXES.items()
    ]
