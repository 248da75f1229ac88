"""The map of the health pages."""

from django.urls import path

from alcove.operations.monitoring import views

app_name = "monitoring"
urlpatterns = [
    path("", views.health, name="health"),
    path("<slug:part_key>/take/", views.take, name="take"),
]
