from django.db import migrations, models
from django.db.models.functions import Now
import django.db.models.deletion

# Dispatchers sleep until something is due; a campaign that starts, resumes or ends wakes them at once.
WAKE = """
CREATE FUNCTION pabal_wake_dispatchers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pabal_dispatch', '');
    RETURN NULL;
END $$;
CREATE TRIGGER wake_dispatchers AFTER UPDATE OF state ON campaign_control
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION pabal_wake_dispatchers();
CREATE TRIGGER wake_dispatchers_first AFTER INSERT ON campaign_control
    FOR EACH ROW WHEN (NEW.state = 'running') EXECUTE FUNCTION pabal_wake_dispatchers();
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_message_ids")]
    operations = [
        migrations.CreateModel(
            name="Dispatcher",
            fields=[
                ("holder", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("started_at", models.DateTimeField(db_default=Now())),
                ("seen_at", models.DateTimeField(db_default=Now())),
                ("state", models.JSONField(default=dict)),
            ],
            options={"db_table": "dispatcher"},
        ),
        migrations.AddField("batch", "tried_to", models.BigIntegerField(null=True)),
        migrations.AddField("batch", "charged", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("batch", "charged_messages", models.IntegerField(db_default=0, default=0)),
        migrations.AlterField("batch", "fence", models.BigIntegerField(db_default=0, default=0)),
        migrations.DeleteModel("EarlyReceipt"),
        migrations.CreateModel(
            name="EarlyReceipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider_ref", models.CharField(db_index=True, max_length=64)),
                ("outcome", models.SmallIntegerField(choices=[(1, "Accepted"), (2, "Delivered"), (3, "Failed"), (4, "Expired"), (5, "Cancelled"), (6, "Unknown"), (7, "Clicked"), (8, "Replied"), (9, "Unsubscribed")])),
                ("reason", models.CharField(default="", max_length=32)),
                ("code", models.CharField(default="", max_length=64)),
                ("at", models.DateTimeField()),
                ("detail", models.JSONField(null=True)),
                ("received_at", models.DateTimeField(db_default=Now(), editable=False)),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="delivery.provideraccount")),
                ("reference", models.BigIntegerField(null=True)),
            ],
            options={"db_table": "early_receipt"},
        ),
        migrations.AddConstraint(
            "messageevent",
            models.UniqueConstraint(condition=models.Q(kind__in=[2, 3, 4, 5]), fields=("message_id",), name="message_event_final"),
        ),
        migrations.RunSQL(WAKE, migrations.RunSQL.noop),
    ]
