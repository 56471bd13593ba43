from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "INSERT INTO balance (id, total, reserved) VALUES (1, 0, 0) ON CONFLICT DO NOTHING", migrations.RunSQL.noop
        )
    ]
