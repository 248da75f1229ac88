"""The map of the downtime packs."""

from django.urls import path

from alcove.clinic.downtime import views

app_name = "downtime"
urlpatterns = [
    path("", views.packs, name="packs"),
    path("forms/", views.forms, name="forms"),
    path("passphrase/", views.phrase, name="phrase"),
    path("<uuid:location_id>/pack/", views.fetch, name="fetch"),
]
