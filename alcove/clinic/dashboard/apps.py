from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "alcove.clinic.dashboard"
    label = "dashboard"
    default_auto_field = "django.db.models.UUIDField"
