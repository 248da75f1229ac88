from django.apps import AppConfig


class BaselineConfig(AppConfig):
    name = "alcove.compliance.baseline"
    label = "baseline"
    default_auto_field = "django.db.models.UUIDField"
