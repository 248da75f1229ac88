"""The map of the releases page."""

from django.urls import path

from alcove.operations.releases import views

app_name = "releases"
urlpatterns = [
    path("", views.releases, name="releases"),
    path("bill-of-materials/", views.bill, name="bill"),
]
