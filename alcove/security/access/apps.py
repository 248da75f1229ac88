from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "alcove.security.access"
    label = "access"
    default_auto_field = "django.db.models.UUIDField"
