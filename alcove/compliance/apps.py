from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "alcove.compliance"
    label = "compliance"
    default_auto_field = "django.db.models.UUIDField"
