"""Takes a column away, then fails."""

from django.db import migrations


def fail(apps, editor):
    raise RuntimeError("planted")


class Migration(migrations.Migration):
    dependencies = [("planted", "0001_changed")]
    atomic = False

    operations = [
        migrations.RunSQL("ALTER TABLE access_role DROP COLUMN description"),
        migrations.RunPython(fail, atomic=False),
    ]
