"""Mounts the areas. Nothing else happens here."""

from django.urls import include, path

from alcove.clinic.activities.urls import ON_CARD as TASKS_ON_CARD
from alcove.clinic.calendar.urls import CHECK_IN, ONLINE, RECEPTION, WAITLIST
from alcove.clinic.calendar.urls import ON_CARD as APPOINTMENTS
from alcove.clinic.messaging.urls import ON_CARD as MESSAGES_ON_CARD
from alcove.compliance.uptime.views import reports as uptime
from alcove.compliance.urls import OWN
from alcove.operations.monitoring import views as monitoring
from alcove.portal.urls import BOOK, ON_CARD
from alcove.project import health

urlpatterns = [
    path("", include("alcove.security.identity.urls")),
    path("", include("alcove.clinic.dashboard.urls")),
    path("clients/", include("alcove.clinic.clients.urls")),
    path("clients/<uuid:client_id>/", include("alcove.clinic.records.urls")),
    path("clients/<uuid:client_id>/", include(MESSAGES_ON_CARD)),
    path("clients/<uuid:client_id>/", include(TASKS_ON_CARD)),
    path("clients/<uuid:client_id>/", include(ON_CARD)),
    path("", include("alcove.clinic.messaging.urls")),
    path("tasks/", include("alcove.clinic.activities.urls")),
    path("calendar/waitlist/", include(WAITLIST)),
    path("calendar/", include("alcove.clinic.calendar.urls")),
    path("setup/online/", include(ONLINE)),
    path("setup/health/", include("alcove.operations.monitoring.urls")),
    path("setup/backups/", include("alcove.operations.backups.urls")),
    path("setup/releases/", include("alcove.operations.releases.urls")),
    path("setup/", include("alcove.clinic.practice.urls")),
    path("clients/<uuid:client_id>/", include(APPOINTMENTS)),
    path("reception/", include(RECEPTION)),
    path("downtime/", include("alcove.clinic.downtime.urls")),
    path("check-in/", include(CHECK_IN)),
    path("portal/", include("alcove.portal.urls")),
    path("book/", include(BOOK)),
    path("compliance/privacy/", include("alcove.compliance.privacy.urls")),
    path("compliance/baseline/", include("alcove.compliance.baseline.urls")),
    path("compliance/continuity/", include("alcove.compliance.continuity.urls")),
    path("compliance/uptime/", include("alcove.compliance.uptime.urls")),
    path("uptime/report/", uptime.report, name="uptime_report"),
    path("account/questions/", include(OWN)),
    path("compliance/", include("alcove.compliance.urls")),
    path("metrics", monitoring.metrics, name="metrics"),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
]

handler400 = "alcove.project.errors.bad_request"
handler403 = "alcove.project.errors.forbidden"
handler404 = "alcove.project.errors.missing"
handler500 = "alcove.project.errors.server_error"
