from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "alcove.security.audit"
    label = "audit"
    default_auto_field = "django.db.models.UUIDField"
