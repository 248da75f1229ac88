"""The map of the clients area, mounted at /clients/."""

from django.urls import path

from alcove.clinic.clients.views import access, alerts, card, editing, exports, finding, glass, looks, people

app_name = "clients"
urlpatterns = [
    path("", finding.clients, name="list"),
    path("search/", finding.search, name="search"),
    path("new/", editing.new, name="new"),
    path("export/", exports.exports, name="exports"),
    path("export/<uuid:export_id>/", exports.export, name="export"),
    path("export/<uuid:export_id>/make/", exports.export_begin, name="export_begin"),
    path("export/<uuid:export_id>/passphrase/", exports.export_passphrase, name="export_passphrase"),
    path("export/<uuid:export_id>/file/", exports.export_file, name="export_file"),
    path("break-glass/", glass.find_by_glass, name="find_by_glass"),
    path("<uuid:client_id>/", card.card, name="card"),
    path("<uuid:client_id>/access/", access.access, name="access"),
    path("<uuid:client_id>/access/limit/", access.limit, name="limit"),
    path("<uuid:client_id>/access/add/", access.team_add, name="team_add"),
    path("<uuid:client_id>/access/remove/", access.team_remove, name="team_remove"),
    path("<uuid:client_id>/break-glass/", glass.break_glass, name="break_glass"),
    path("<uuid:client_id>/break-glass/return/", glass.glass_return, name="glass_return"),
    path("<uuid:client_id>/about/", card.about, name="about"),
    path("<uuid:client_id>/edit/", editing.edit, name="edit"),
    path("<uuid:client_id>/reveal/<slug:what>/", card.reveal, name="reveal"),
    path("<uuid:client_id>/identity/<slug:number>/", card.identity, name="identity"),
    path("<uuid:client_id>/hide/", card.hide, name="hide"),
    path("<uuid:client_id>/bring-back/", card.unhide, name="unhide"),
    path("<uuid:client_id>/people/new/", people.person_new, name="person_new"),
    path("<uuid:client_id>/people/<uuid:person_id>/", people.person, name="person"),
    path("<uuid:client_id>/people/<uuid:person_id>/remove/", people.person_remove, name="person_remove"),
    path(
        "<uuid:client_id>/people/<uuid:person_id>/reveal/<slug:contact>/",
        card.reveal_person,
        name="reveal_person",
    ),
    path("<uuid:client_id>/alerts/new/", alerts.alert_new, name="alert_new"),
    path("<uuid:client_id>/alerts/<uuid:alert_id>/end/", alerts.alert_end, name="alert_end"),
    path("<uuid:client_id>/alerts/<uuid:alert_id>/resume/", alerts.alert_resume, name="alert_resume"),
    path("<uuid:client_id>/access-log/", looks.access_log, name="access_log"),
    path("<uuid:client_id>/versions/", looks.versions, name="versions"),
]
