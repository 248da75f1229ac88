"""Patients' accounts in the demo: two who share an e-mail address, one of them confirmed, the other invited.

The confirmed one went the whole way that every client goes: the mailed link, birth date and code, password, second
factor. Whoever looks at the demo signs in as them: the code stands in the outbox.
"""

from __future__ import annotations

import re
from typing import Final

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.models import Client
from alcove.portal import queries as portal
from alcove.project.demo.stage import BY_KEY, Card, Stage
from alcove.security.access.actors import Actor
from alcove.security.identity import tokens
from alcove.security.identity.actions import at_the_door, begin_sign_in, notices, sent_codes, sign_out
from alcove.security.identity.actions.patients import (
    finish_patient,
    invite_patient,
    prove_patient,
    send_proof_code,
    set_patient_password,
)
from alcove.security.identity.models import Notice, Person, Session, SignIn
from alcove.security.identity.queries.patients import account_of
from alcove.security.vault.keyring import keyring

EMAIL: Final = "both.of.us@example.org"
PASSWORD: Final = "three quiet lanterns"  # noqa: S105 - of an invented person, printed for whoever looks
DESK: Final = "maya.johnson"
_BROWSER: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile Safari/604.1"


def open_accounts(stage: Stage) -> None:
    """Invite two clients as of now, and have the first of them finish."""
    shared = [card for card in stage.cards if _may_be_invited(card)][:2]
    for card in shared:
        with stage.opened(DESK, card, record=True) as actor:
            client = Client.objects.get(pk=card.client.id)
            clients.change_client(actor, client, directory=client.directory | {"emails": [EMAIL]})
        with stage.opened(DESK, card) as actor:
            invite_patient(actor, card.client.id, email=EMAIL, phone=card.invented.directory["phones"][0])
    for card in shared[:1]:
        _finish(stage, card)


def _may_be_invited(card: Card) -> bool:
    held = card.invented.directory
    is_known = card.row is not None and held.get("born") and held.get("phones")
    return bool(is_known and not card.invented.details.get("deceased_on") and held.get("born", "") < "2000")


def _finish(stage: Stage, card: Card) -> None:
    account = account_of(card.client.id)
    if account is None:
        raise LookupError("this client was not invited")
    origin = stage.origin(BY_KEY[DESK].address, _BROWSER)
    stranger = Actor.stranger(origin_id=origin, request="demo")
    link = _newest(account.person, "portal_link", r"/portal/invitation/([^/\s]+)/")
    with keyring():
        notices.reach(account.person)
        send_proof_code(at_the_door(stranger), link)
        is_born = portal.is_born(account.person, card.client.born_on) if card.client.born_on else False
        code = _newest(account.person, "confirm_phone", r"^(\d{6})\b")
        proved = prove_patient(at_the_door(stranger), link, code=code, is_born_then=is_born)
        stage_row = _stage(proved)
        door = at_the_door(stranger, stage_row.person)
        set_patient_password(door, stage_row, PASSWORD, portal.own_words(stage_row.person))
        stage_row = _stage(begin_sign_in(door, stage_row.person))
        sent_codes.send_sign_in_code(door, stage_row)
        finish_patient(door, stage_row, _newest(stage_row.person, "sign_in_code", r"^(\d{6})\b"))
        sign_out(door, Session.objects.get(person=stage_row.person))


def _stage(token: str | None) -> SignIn:
    return SignIn.objects.select_related("person").get(digest=tokens.digest(token or ""))


def _newest(person: Person, kind: str, pattern: str) -> str:
    """Return what a message to this person says; a demo keeps what it would have sent."""
    notice = Notice.objects.filter(person=person, kind=kind).order_by("-created_at", "-id")[0]
    found = re.search(pattern, (notice.content or {}).get("text", ""))
    if found is None:
        raise LookupError(f"the message {kind} does not say it")
    return found[1]
