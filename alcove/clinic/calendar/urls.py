"""The map of the calendar: /calendar/, /reception/, /check-in/, /setup/online/ and its pages on clients' cards."""

from django.urls import path

from alcove.clinic.calendar.views import affected, boards, booking, desk, feeds, online, visits, waitlist

app_name = "calendar"
urlpatterns = [
    path("", boards.day, name="day"),
    path("week/", boards.week, name="week"),
    path("month/", boards.month, name="month"),
    path("affected/", affected.affected, name="affected"),
    path("phone/", feeds.phone, name="phone"),
    path("phone/new/", feeds.phone_new, name="phone_new"),
    path("phone/end/", feeds.phone_end, name="phone_end"),
    path("feeds/<uuid:feed_id>/end/", feeds.feed_end, name="feed_end"),
    path("feed/<str:feed_token>/calendar.ics", feeds.feed, name="feed"),
    path("version/", boards.version, name="version"),
    path("new/", booking.new, name="new"),
    path("block/new/", booking.block_new, name="block_new"),
    path("block/<uuid:block_id>/", booking.block, name="block"),
    path("block/<uuid:block_id>/remove/", booking.block_remove, name="block_remove"),
    path("<uuid:booking_id>/", visits.booking, name="booking"),
    path("<uuid:booking_id>/move/", visits.move, name="move"),
    path("<uuid:booking_id>/shift/", visits.shift, name="shift"),
    path("<uuid:booking_id>/step/<slug:step>/", visits.step, name="step"),
    path("<uuid:booking_id>/cancel/", visits.cancel, name="cancel"),
    path("<uuid:booking_id>/undo/", visits.undo, name="undo"),
    path("<uuid:booking_id>/code/", visits.code, name="code"),
]
ON_CARD = (
    [
        path("book/", booking.book, name="book"),
        path("appointments/", desk.appointments, name="appointments"),
        path("waitlist/", waitlist.join, name="join"),
    ],
    "client_calendar",
)
"""What the calendar does with one client, mounted at /clients/<client_id>/."""
WAITLIST = (
    [
        path("", waitlist.waitlist, name="list"),
        path("<uuid:entry_id>/leave/", waitlist.leave, name="leave"),
    ],
    "waitlist",
)
"""Who waits for a time, mounted at /calendar/waitlist/."""
ONLINE = (
    [
        path("", online.online, name="online"),
        path("preview/", online.preview, name="preview"),
        path("preview/look.css", online.preview_look, name="preview_look"),
    ],
    "setup_online",
)
"""What patients see when they book online, mounted at /setup/online/."""
RECEPTION = ([path("", desk.today, name="today")], "reception")
CHECK_IN = ([path("<str:code>/", desk.check_in, name="check_in")], "check_in")
