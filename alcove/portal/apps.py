from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "alcove.portal"
    label = "portal"
    default_auto_field = "django.db.models.UUIDField"
