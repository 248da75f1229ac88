"""Waits, so that a test has the time to kill it."""

import time

from django.db import migrations


def wait(apps, editor):
    time.sleep(60)


class Migration(migrations.Migration):
    dependencies = [("planted", "0001_changed")]
    atomic = False

    operations = [migrations.RunPython(wait, atomic=False)]
