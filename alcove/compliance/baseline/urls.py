"""The map of the baseline."""

from django.urls import path

from alcove.compliance.baseline import views

app_name = "baseline"
urlpatterns = [
    path("", views.baseline, name="baseline"),
    path("places/", views.places, name="places"),
    path("places/end/", views.take_off, name="take_off"),
    path("past/", views.past, name="past"),
    path("<uuid:weakness_id>/", views.weakness, name="weakness"),
]
