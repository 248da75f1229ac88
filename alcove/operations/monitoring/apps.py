from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "alcove.operations.monitoring"
    label = "monitoring"
    default_auto_field = "django.db.models.UUIDField"
