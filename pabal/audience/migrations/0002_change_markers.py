from django.db import migrations

from pabal.database import touch_xid

TABLES = ["profile", "consent", "suppression", "list_member"]


class Migration(migrations.Migration):
    dependencies = [("audience", "0001_initial")]
    operations = [migrations.RunSQL(touch_xid(table), migrations.RunSQL.noop) for table in TABLES]
