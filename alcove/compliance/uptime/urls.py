"""The map of the uptime pages. What probes post to stands in ``project/urls.py``: it is no page of anybody's."""

from django.urls import path

from alcove.compliance.uptime.views import pages, probes

app_name = "uptime"
urlpatterns = [
    path("", pages.uptime, name="uptime"),
    path("faults.csv", pages.faults, name="faults"),
    path("probe.py", probes.program, name="program"),
    path("probes/", probes.probes, name="probes"),
    path("probes/new/", probes.new_probe, name="new_probe"),
    path("probes/<uuid:probe_id>/", probes.probe, name="probe"),
    path("probes/<uuid:probe_id>/token/", probes.renew, name="renew"),
    path("probes/<uuid:probe_id>/end/", probes.end, name="end"),
]
