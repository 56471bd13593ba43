from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0009_enquiries")]
    operations = [
        migrations.AddField("campaigncontent", "target", models.CharField(db_default="I", default="I", max_length=1))
    ]
