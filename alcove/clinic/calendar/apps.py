from django.apps import AppConfig


class CalendarConfig(AppConfig):
    name = "alcove.clinic.calendar"
    label = "calendar"
    default_auto_field = "django.db.models.UUIDField"
