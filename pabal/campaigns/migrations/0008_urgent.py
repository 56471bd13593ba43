from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0007_kakao")]
    operations = [migrations.AddField("campaign", "urgent", models.BooleanField(default=False))]
