from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "alcove.clinic.records"
    label = "records"
    default_auto_field = "django.db.models.UUIDField"
