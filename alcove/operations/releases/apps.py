from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    name = "alcove.operations.releases"
    label = "releases"
    default_auto_field = "django.db.models.UUIDField"
