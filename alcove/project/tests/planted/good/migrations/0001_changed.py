"""Changes columns and rows of the practice, and brings a table."""

from django.db import migrations, models


def change(apps, editor):
    apps.get_model("access", "Role").objects.update(description="of the newer version")
    editor.execute("DELETE FROM identity_factor")


class Migration(migrations.Migration):
    dependencies = [("access", "__first__"), ("identity", "__first__")]

    operations = [
        migrations.CreateModel("Brought", [("id", models.UUIDField(primary_key=True))]),
        migrations.RunSQL("ALTER TABLE jobs_beat RENAME COLUMN name TO called"),
        migrations.RunSQL("ALTER TABLE jobs_beat RENAME COLUMN called TO name"),
        migrations.RunPython(change),
    ]
