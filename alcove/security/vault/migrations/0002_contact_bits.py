from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("vault", "0001_initial"),
    ]

    operations = [
        migrations.RemoveField(model_name="house", name="contact_version"),
        migrations.AddField("house", "contact_bits_before", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("house", "contact_clients", models.PositiveIntegerField(default=0)),
    ]
