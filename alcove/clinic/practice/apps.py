from django.apps import AppConfig


class PracticeConfig(AppConfig):
    name = "alcove.clinic.practice"
    label = "practice"
    default_auto_field = "django.db.models.UUIDField"
