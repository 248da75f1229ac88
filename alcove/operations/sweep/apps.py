from django.apps import AppConfig


class SweepConfig(AppConfig):
    name = "alcove.operations.sweep"
    label = "sweep"
    default_auto_field = "django.db.models.UUIDField"
