import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_login_attempts_and_idempotency_keys")]

    operations = [
        migrations.CreateModel(
            name="ApiUse",
            fields=[
                (
                    "api_key",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to="accounts.apikey"
                    ),
                ),
                ("minute", models.DateTimeField()),
                ("requests", models.IntegerField()),
            ],
        ),
        migrations.RunSQL("ALTER TABLE accounts_apiuse SET UNLOGGED", migrations.RunSQL.noop),
    ]
