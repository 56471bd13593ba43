from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0010_kakao_target")]
    operations = [migrations.AddField("sender", "replies", models.JSONField(db_default={}, default=dict))]
