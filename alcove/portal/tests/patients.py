"""Clients on their way to an account of their own: invited, proved, signed in."""

from __future__ import annotations

import re
import time

import pyotp

from alcove.security.access.opening import open_client
from alcove.security.identity.actions.patients import invite_patient
from alcove.security.identity.models import Factor, Notice, PatientAccount
from alcove.security.vault.keyring import keyring

PASSWORD = "plum otter sky"


def invited(practice, client, role="front_desk", email=0, phone=0):
    """Invite a client by their card; return the token of the link that was mailed."""
    actor = practice.actor(role)
    with keyring():
        open_client(actor, client.id)
        card = type(client).objects.get(pk=client.id)
        invite_patient(actor, client.id, email=card.emails[email], phone=card.phones[phone])
    return newest_token(client)


def person_of(client):
    return PatientAccount.objects.select_related("person").get(client_id=client.id).person


def newest(client, channel):
    person = person_of(client)
    return Notice.objects.filter(person=person, channel=channel).order_by("-created_at", "-id").first()


def newest_token(client):
    person = person_of(client)
    notice = Notice.objects.filter(person=person, kind="portal_link").order_by("-created_at", "-id").first()
    return re.search(r"/portal/invitation/([^/\s]+)/", notice.content["text"])[1]


def newest_code(client):
    return re.match(r"\d{6}\b", newest(client, "sms").content["text"])[0]


def proved(browser, client, token, born):
    """Go through the proof in a browser; return its answer."""
    browser.post(f"/portal/invitation/{token}/code/", secure=True)
    code = newest_code(client)
    return browser.post(f"/portal/invitation/{token}/", {"born": born, "code": code}, secure=True)


def totp_of(client, offset=0):
    factor = Factor.objects.get(person=person_of(client))
    return pyotp.TOTP(factor.secret).at(time.time() + offset)


def confirmed(practice, client, *, born, password=PASSWORD):
    """Take a client from the invitation to a session by authenticator; return their browser."""
    token = invited(practice, client)
    browser = practice.stranger()
    assert proved(browser, client, token, born).status_code == 302
    answer = browser.post("/portal/set-up/password/", {"password": password}, secure=True)
    assert answer.status_code == 302, answer.content
    browser.get("/portal/set-up/", secure=True)
    answer = browser.post("/portal/set-up/", {"code": totp_of(client)}, secure=True)
    assert answer.status_code == 200, answer.content
    return browser
