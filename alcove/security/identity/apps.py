from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "alcove.security.identity"
    label = "identity"
    default_auto_field = "django.db.models.UUIDField"
