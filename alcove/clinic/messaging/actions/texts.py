"""The practice's own texts, and what a month of SMS may cost."""

from __future__ import annotations

from alcove.clinic.messaging.models import Spending, Text
from alcove.clinic.messaging.models.kinds import EMAIL, KINDS, LANGUAGES, WRITTEN
from alcove.clinic.messaging.policy import Did, Messages
from alcove.clinic.messaging.queries import wording
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound

_CLASH = (
    "Someone else changed this text while you were writing. Nothing of yours was saved yet: "
    "compare with what is there now, then save again."
)


@action(Messages.SET_UP)
def write_text(
    change: Change, kind: str, channel: str, language: str, *, subject: str, body: str, version: int
) -> Text:
    """Keep the practice's own words; the earlier ones stay in its history.

    Raises ``wording.Unfit`` for a text that may not leave this way, ``NotFound``, ``Conflict``.
    """
    subject = " ".join(subject.split()) if channel == EMAIL else ""
    wording.check(channel, subject)
    wording.check(channel, body)
    row = _row(kind, channel, language)
    if (row.version if row else 0) != version:
        raise Conflict(_CLASH)
    if row is None:
        return change.create(
            Text, Did.TEXT_CHANGED, kind=kind, channel=channel, language=language, subject=subject, body=body,
            is_own=True,
        )  # fmt: skip
    if not change.update(row, Did.TEXT_CHANGED, subject=subject, body=body, is_own=True):
        raise Conflict("Nothing was changed: the text says this already.")
    return row


@action(Messages.SET_UP)
def reset_text(change: Change, kind: str, channel: str, language: str) -> None:
    """Put a text back to the shipped one, which then follows each new version of Alcove; raise ``Conflict``."""
    row = _row(kind, channel, language)
    if row is None or not row.is_own:
        raise Conflict("This is the shipped text already.")
    change.update(row, Did.TEXT_RESET, subject="", body="", is_own=False)


def _row(kind: str, channel: str, language: str) -> Text | None:
    if kind not in KINDS or channel not in WRITTEN or language not in LANGUAGES:
        raise NotFound("there is no such text")
    return Text.objects.select_for_update().filter(kind=kind, channel=channel, language=language).first()


@action(Messages.SET_UP)
def set_spending(change: Change, *, sms_milli: int, cap_minor: int, version: int) -> None:
    """Set what a part of an SMS costs and what a month may cost; raise ``Conflict``."""
    row = Spending.objects.select_for_update().filter(pk=Spending.THE_ONE).first()
    if (row.version if row else 0) != version:
        raise Conflict(_CLASH)
    if row is None:
        change.create(Spending, Did.SPENDING_SET, sms_milli=sms_milli, cap_minor=cap_minor)
    elif not change.update(row, Did.SPENDING_SET, sms_milli=sms_milli, cap_minor=cap_minor):
        raise Conflict("Nothing was changed: this is so already.")
