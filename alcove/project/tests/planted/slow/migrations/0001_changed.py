"""The good version's first change."""

from importlib import import_module

Migration = import_module("alcove.project.tests.planted.good.migrations.0001_changed").Migration
