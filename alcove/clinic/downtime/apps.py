from django.apps import AppConfig


class DowntimeConfig(AppConfig):
    name = "alcove.clinic.downtime"
    label = "downtime"
    default_auto_field = "django.db.models.UUIDField"
