"""The map of the portal, mounted at /portal/, and of what it adds to a client's card."""

from django.urls import path

from alcove.portal.views import (
    booking,
    door,
    fresh,
    holding,
    home,
    inviting,
    linking,
    opened,
    passkeys,
    visiting,
)

app_name = "portal"
urlpatterns = [
    path("", home.home, name="home"),
    path("opened/", opened.opened, name="opened"),
    path("password/", home.password, name="password"),
    path("codes/", home.codes, name="codes"),
    path("sessions/<uuid:session_id>/end/", home.end_session, name="end_session"),
    path("sign-in/", door.sign_in, name="sign_in"),
    path("sign-in/code/", door.code, name="code"),
    path("sign-in/code/send/", door.send_code, name="send_code"),
    path("sign-in/passkey/", passkeys.passkey_sign_in, name="passkey_sign_in"),
    path("prove-it-is-you/", fresh.fresh, name="fresh"),
    path("prove-it-is-you/code/", fresh.send_code, name="fresh_code"),
    path("passkeys/", passkeys.own_passkeys, name="passkeys"),
    path("passkeys/new/", passkeys.new_passkey, name="passkey_new"),
    path("passkeys/<uuid:passkey_id>/name/", passkeys.rename_passkey, name="passkey_rename"),
    path("passkeys/<uuid:passkey_id>/remove/", passkeys.remove_passkey, name="passkey_remove"),
    path("sign-out/", door.sign_out, name="sign_out"),
    path("invitation/<str:token>/", linking.invitation, name="invitation"),
    path("invitation/<str:token>/code/", linking.invitation_code, name="invitation_code"),
    path("set-up/password/", linking.first_password, name="first_password"),
    path("set-up/passkey/", passkeys.first_passkey, name="first_passkey"),
    path("set-up/", linking.set_up, name="set_up"),
]

ON_CARD = (
    [
        path("portal/", inviting.invite, name="invite"),
        path("portal/reset/", inviting.reset, name="reset"),
        path("portal/close/", inviting.close, name="close"),
    ],
    "portal_card",
)
"""What staff do about one client's account, mounted at /clients/<client_id>/."""

BOOK = (
    [
        path("", booking.choose, name="choose"),
        path("look.css", booking.look, name="look"),
        path("team/<uuid:profile_id>.jpg", booking.photo, name="photo"),
        path("time/", holding.time, name="time"),
        path("contact/", holding.contact, name="contact"),
        path("code/", holding.code, name="code"),
        path("details/", holding.details, name="details"),
        path("stop/", holding.stop, name="stop"),
        path("done/", holding.done, name="done"),
        path("done/visit.ics", holding.entry, name="entry"),
        path("visit/<str:visit_token>/", visiting.visit, name="visit"),
        path("visit/<str:visit_token>/confirm/", visiting.confirm, name="confirm"),
        path("visit/<str:visit_token>/decline/", visiting.decline, name="decline"),
        path("visit/<str:visit_token>/cancel/", visiting.cancel, name="cancel"),
        path("visit/<str:visit_token>/move/", visiting.move, name="move"),
        path("visit/<str:visit_token>/visit.ics", visiting.entry, name="visit_entry"),
    ],
    "book",
)
"""Booking without an account, mounted at /book/; answers strangers and patients alike."""
