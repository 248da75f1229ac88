from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "alcove.api"
    label = "api"
    default_auto_field = "django.db.models.UUIDField"
