from django.db import migrations

from pabal.audience.consent_sql import CONSENT_CHANGES


class Migration(migrations.Migration):
    dependencies = [("audience", "0003_import_state_and_indexes")]
    operations = [migrations.RunSQL(CONSENT_CHANGES, migrations.RunSQL.noop)]
