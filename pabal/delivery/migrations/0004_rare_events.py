from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0003_dispatching")]
    operations = [
        migrations.AddIndex(
            "messageevent",
            models.Index(fields=["kind", "message_id"], name="message_event_rare", condition=models.Q(kind__gte=3)),
        ),
    ]
