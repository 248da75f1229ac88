"""The map of the continuity page."""

from django.urls import path

from alcove.compliance.continuity.views import page, sheets

app_name = "continuity"
urlpatterns = [
    path("", page.continuity, name="continuity"),
    path("sheet/", page.sheet, name="sheet"),
    path("order/proposed/", page.proposed, name="proposed"),
    path("order/new/", sheets.new_step, name="new_step"),
    path("order/<uuid:step_id>/", sheets.step, name="step"),
    path("order/<uuid:step_id>/move/", page.move, name="move"),
    path("order/<uuid:step_id>/end/", sheets.end_step, name="end_step"),
    path("contacts/new/", sheets.new_contact, name="new_contact"),
    path("contacts/<uuid:contact_id>/", sheets.contact, name="contact"),
    path("contacts/<uuid:contact_id>/end/", sheets.end_contact, name="end_contact"),
    path("enter/new/", sheets.new_entrant, name="new_entrant"),
    path("enter/<uuid:entrant_id>/", sheets.entrant, name="entrant"),
    path("enter/<uuid:entrant_id>/end/", sheets.end_entrant, name="end_entrant"),
    path("tests/new/", sheets.new_trial, name="new_trial"),
    path("tests/<uuid:trial_id>/", sheets.trial, name="trial"),
    path("tests/<uuid:trial_id>/end/", sheets.withdraw_trial, name="withdraw_trial"),
]
