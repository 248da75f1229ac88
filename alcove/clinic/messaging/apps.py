from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "alcove.clinic.messaging"
    label = "messaging"
    default_auto_field = "django.db.models.UUIDField"
