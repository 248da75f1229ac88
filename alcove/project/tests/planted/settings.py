"""The practice's settings with a newer version's changes of the database: ``ALCOVE_TEST_PLANTED`` says which."""

import os

from alcove.project.settings import *  # noqa: F403 - all of them, and one app more
from alcove.project.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "alcove.project.tests.planted"]
MIGRATION_MODULES = {
    "planted": f"alcove.project.tests.planted.{os.environ['ALCOVE_TEST_PLANTED']}.migrations"
}
