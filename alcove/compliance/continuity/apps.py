from django.apps import AppConfig


class ContinuityConfig(AppConfig):
    name = "alcove.compliance.continuity"
    label = "continuity"
    default_auto_field = "django.db.models.UUIDField"
