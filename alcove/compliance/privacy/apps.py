from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "alcove.compliance.privacy"
    label = "privacy"
    default_auto_field = "django.db.models.UUIDField"
