from django.apps import AppConfig


class BackupsConfig(AppConfig):
    name = "alcove.operations.backups"
    label = "backups"
    default_auto_field = "django.db.models.UUIDField"
