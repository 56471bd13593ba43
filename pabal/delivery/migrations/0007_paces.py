from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0006_kakao")]
    operations = [
        migrations.AddField("provideraccount", "parts_per_second", models.IntegerField(blank=True, null=True)),
        migrations.RemoveField("campaigncontrol", "minute"),
        migrations.RemoveField("campaigncontrol", "minute_messages"),
        migrations.AddField("campaigncontrol", "paid_until", models.DateTimeField(null=True)),
    ]
