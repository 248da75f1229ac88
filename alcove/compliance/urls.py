"""The map of compliance."""

from django.urls import path

from alcove.compliance.views import alerts, keeping, log, rows

app_name = "compliance"
urlpatterns = [
    path("log/", log.log, name="log"),
    path("rows/", rows.rows, name="rows"),
    path("rows/<uuid:found_id>/", rows.row, name="row"),
    path("glass/", log.glass, name="glass"),
    path("glass/<uuid:glass_id>/", log.glass_one, name="glass_one"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<uuid:case_id>/", alerts.alert, name="alert"),
    path("alerts/<uuid:case_id>/ask/", alerts.ask, name="alert_ask"),
    path("alerts/<uuid:case_id>/close/", alerts.close, name="alert_close"),
    path("alerts/<uuid:case_id>/release/", alerts.release, name="alert_release"),
    path("reviews/", keeping.reviews, name="reviews"),
    path("reviews/sign/", keeping.sign, name="sign"),
    path("watched/", keeping.watched, name="watched"),
    path("watched/<uuid:client_id>/end/", keeping.unwatch, name="unwatch"),
    path("shields/", keeping.shields, name="shields"),
    path("shields/<uuid:person_id>/end/", keeping.unshield, name="unshield"),
    path("breach/", keeping.breach, name="breach"),
    path("breach/file/", keeping.breach_file, name="breach_file"),
]

OWN = (
    [
        path("", alerts.own, name="own"),
        path("<uuid:case_id>/", alerts.own_one, name="own_one"),
    ],
    "questions",
)
"""What everybody is asked about their own access, mounted at /account/questions/."""
