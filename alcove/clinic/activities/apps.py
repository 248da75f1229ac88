from django.apps import AppConfig


class ActivitiesConfig(AppConfig):
    name = "alcove.clinic.activities"
    label = "activities"
    default_auto_field = "django.db.models.UUIDField"
