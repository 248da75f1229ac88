"""The map of deleted clients and erasure."""

from django.urls import path

from alcove.compliance.privacy import views

app_name = "privacy"
urlpatterns = [
    path("", views.deleted, name="deleted"),
    path("clients/<uuid:client_id>/", views.client, name="client"),
    path("clients/<uuid:client_id>/delete/", views.delete, name="delete"),
    path("clients/<uuid:client_id>/hold/", views.hold, name="hold"),
    path("clients/<uuid:client_id>/held/", views.held, name="held"),
    path("clients/<uuid:client_id>/undo/", views.undo, name="undo"),
    path("clients/<uuid:client_id>/ask/", views.ask, name="ask"),
    path("clients/<uuid:client_id>/withdraw/", views.withdraw, name="withdraw"),
    path("clients/<uuid:client_id>/decide/", views.decide, name="decide"),
    path("certificates/<uuid:erasure_id>/", views.certificate, name="certificate"),
    path("certificates/<uuid:erasure_id>/pdf/", views.certificate_pdf, name="certificate_pdf"),
]
