from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "alcove.security.jobs"
    label = "jobs"
    default_auto_field = "django.db.models.UUIDField"
