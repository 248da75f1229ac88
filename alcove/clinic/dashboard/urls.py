"""The map of the dashboard."""

from django.urls import path

from alcove.clinic.dashboard import views

app_name = "dashboard"
urlpatterns = [path("", views.home, name="home"), path("my-day/", views.my_day, name="my_day")]
