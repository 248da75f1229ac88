from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "alcove.clinic.clients"
    label = "clients"
    default_auto_field = "django.db.models.UUIDField"
