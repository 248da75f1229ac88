"""The map of backups."""

from django.urls import path

from alcove.operations.backups import views

app_name = "backups"
urlpatterns = [
    path("", views.backups, name="backups"),
    path("recovery-key/", views.shares, name="shares"),
    path("recovery-key/try/", views.try_shares, name="try_shares"),
]
