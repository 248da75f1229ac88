from django.apps import AppConfig


class UptimeConfig(AppConfig):
    name = "alcove.compliance.uptime"
    label = "uptime"
    default_auto_field = "django.db.models.UUIDField"
