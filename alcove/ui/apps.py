"""The user interface: pages' shell, components and assets. Knows nothing of the clinic."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Registers the templates, tags and static files under the label `ui`."""

    name = "alcove.ui"
    label = "ui"
    verbose_name = "User interface"
