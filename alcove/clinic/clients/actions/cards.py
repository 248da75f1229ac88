"""What happens to clients' cards and all that hangs on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from alcove.clinic.clients.models import Alert, Client, ContactToken, ImportedRow, LinkedPerson, tidy
from alcove.clinic.clients.policy import Clients, Did
from alcove.clinic.clients.queries import contacts
from alcove.clinic.clients.queries.arrivals import Arrival
from alcove.security.access import keys, opening
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.access.policy import Did as Kernel
from alcove.security.access.policy import Keys, Open
from alcove.security.jobs import queue
from alcove.security.vault import cuts
from alcove.security.vault.cuts import Cut
from alcove.security.vault.errors import SealBroken, VaultError
from alcove.security.vault.ids import uuid7


class Unchanged(Conflict):
    """What was asked for is so already; nothing was written."""


class SentBefore(Conflict):
    """A form came twice: what it makes exists already under the id that the form carries."""


@contextmanager
def _made_once(given: UUID | None) -> Iterator[None]:
    """Turn the database's refusal of a second row with one given id into ``SentBefore``; the deed ends with it."""
    if given is None:
        yield
        return
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise SentBefore("This was saved already. Nothing was saved twice.") from None


def number_directory(change: Change, client_id: UUID) -> None:
    """Have this client's new place in the change counter taken last before the commit, one number for the deed."""
    waiting = change.gathered.setdefault("directory", set())
    waiting.add(client_id)

    def number() -> None:
        seq = opening.next_directory_seq()
        ids = list(waiting)
        for at in range(0, len(ids), 500):
            Client.objects.filter(pk__in=ids[at : at + 500]).update(dir_seq=seq)

    change.last("directory", number)


def _write_tokens(contacts_of: Mapping[UUID, dict[str, Any]], cut: Cut) -> None:
    """Write the tokens of these clients, who have none, from their directory parts."""
    ContactToken.objects.bulk_create(
        [
            ContactToken(
                client_id=client_id, kind=kind, token=token, key_version=cut.key_version, bits=cut.bits
            )
            for client_id, directory in contacts_of.items()
            for kind, token in contacts.tokens(directory, cut)
        ],
        batch_size=500,
    )


@action(Clients.CREATE)
def create_client(
    change: Change,
    *,
    directory: dict[str, Any],
    details: dict[str, Any] | None = None,
    people: Sequence[dict[str, str]] = (),
    imported: bool = False,
    id: UUID | None = None,
) -> Client:
    """Create a card with its own new key. Shapes of ``directory`` and ``details``: see ``models.Client``.

    ``people`` are linked in the same deed. ``id`` comes from a form that may be sent twice; raises ``SentBefore``.
    """
    client_id = id or uuid7()
    with _made_once(id):
        opening.new_client(client_id)
    client = change.create(
        Client,
        Did.IMPORTED if imported else Did.CREATED,
        id=client_id,
        directory=tidy(directory),
        details=tidy(details or {}),
    )
    _write_tokens({client.id: client.directory}, cuts.in_force())
    number_directory(change, client.id)
    for person in people:
        add_person(change, client, details=person)
    return client


@action(Clients.CREATE)
def import_clients(change: Change, arrivals: Sequence[Arrival]) -> dict[int, UUID]:
    """Create a card for each row of another program's table, with all that hangs on it; return ``{row: client id}``.

    All of them or none: the rows, their log entries and the marks by which they are known again are one transaction.
    Each client gets one entry, because each client's access log has to say who brought them in; what hangs on a card
    is named in that entry. Rows that are here already are left out; raises ``Unchanged`` if all are.
    """
    keys = [key for one in arrivals for key in one.source_keys]
    here = set(ImportedRow.objects.filter(source_key__in=keys).values_list("source_key", flat=True))
    new = {uuid7(): one for one in arrivals if not here.intersection(one.source_keys)}
    if not new:
        raise Unchanged("These rows were imported already.")
    opening.new_clients(list(new))
    cards = [
        Client(id=client_id, directory=one.directory, details=one.details, created_at=change.now)
        for client_id, one in new.items()
    ]
    Client.objects.bulk_create(cards)
    change.touch(*cards)
    _hang_on(change, new)
    for card in cards:
        change.record(Did.IMPORTED, client_id=card.id, on=card, fields=new[card.id].fields)
        number_directory(change, card.id)
    return {one.row: client_id for client_id, one in new.items()}


def _hang_on(change: Change, new: Mapping[UUID, Arrival]) -> None:
    """Write what belongs to cards just imported: contacts' tokens, people, alerts, and the mark of the row."""
    if any(one.alerts or one.aside for one in new.values()):
        change.actor.must(Open.RECORD)
    now = {"created_at": change.now}
    people, alerts, marks = [], [], []
    for client_id, one in new.items():
        people += [LinkedPerson(client_id=client_id, details=tidy(details), **now) for details in one.people]
        alerts += [_imported_alert(change, client_id, severity, text) for severity, text in one.alerts]
        marks.append(
            ImportedRow(
                client_id=client_id, source_key=one.source_keys[0], digest=one.digests[0],
                aside=dict(one.aside) or None, **now,
            )
        )  # fmt: skip
    _write_tokens({client_id: one.directory for client_id, one in new.items()}, cuts.in_force())
    LinkedPerson.objects.bulk_create(people)
    Alert.objects.bulk_create(alerts)
    change.touch(*people, *alerts)
    ImportedRow.objects.bulk_create(marks)


def _imported_alert(change: Change, client_id: UUID, severity: str, text: str) -> Alert:
    content = {"kind": "clinical", "severity": severity, "text": text}
    desk_text = Alert.DESK_FLAG if severity == "critical" else None
    return Alert(
        client_id=client_id,
        content=content,
        desk_text=desk_text,
        author_id=change.actor.id,
        created_at=change.now,
    )


@action(Clients.EDIT)
def change_client(
    change: Change,
    client: Client,
    *,
    directory: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
    people: Sequence[dict[str, str]] = (),
    event: Did = Did.CHANGED,
    reason: str = "",
) -> list[str]:
    """Change a card; return the names of what changed (``given``, ``phones`` …).

    ``people`` are linked in the same deed; ``reason`` goes sealed into the log. Raises
    ``Unchanged``, or ``Conflict`` if someone else changed the card since it was read.
    """
    values: dict[str, Any] = {}
    if directory is not None:
        values["directory"] = tidy(directory)
    if details is not None:
        values["details"] = tidy(details)
    names = _changed_names(client, values)
    for person in people:
        add_person(change, client, details=person)
    if not change.update(client, event, **values):
        if people:
            return []
        raise Unchanged("Nothing was changed: the card says this already.")
    # The log names the fields inside the sealed parts, which says more than the column's name.
    change.drafts.pop()
    change.record(event, client_id=client.id, on=client, fields=names, reason=reason)
    if "directory" in values:
        ContactToken.objects.filter(client=client).delete()
        _write_tokens({client.id: values["directory"]}, cuts.in_force())
        number_directory(change, client.id)
    return names


def _changed_names(client: Client, values: dict[str, Any]) -> list[str]:
    names: set[str] = set()
    for column, after in values.items():
        before = getattr(client, column)
        names |= {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return sorted(names)


@action(Clients.DELETE)
def hide_client(change: Change, client: Client) -> None:
    """Take a client out of lists and search; the record stays and can be brought back."""
    if not change.update(client, Did.HIDDEN, is_hidden=True):
        raise Conflict("This client is hidden already.")
    number_directory(change, client.id)


@action(Clients.DELETE)
def show_client_again(change: Change, client: Client) -> None:
    """Bring a hidden client back into lists and search."""
    if not change.update(client, Did.SHOWN_AGAIN, is_hidden=False):
        raise Conflict("This client is not hidden.")
    number_directory(change, client.id)


@action(Clients.EDIT)
def add_person(
    change: Change,
    client: Client,
    *,
    details: dict[str, str],
    id: UUID | None = None,
) -> LinkedPerson:
    """Link a guardian, emergency contact, GP … Raises ``SentBefore`` if ``id`` was used already."""
    with _made_once(id):
        return change.create(
            LinkedPerson, Did.PERSON_ADDED, id=id or uuid7(), client=client, details=tidy(details)
        )


@action(Clients.EDIT)
def change_person(change: Change, person: LinkedPerson, *, details: dict[str, str]) -> None:
    """Change a linked person. Raises ``Unchanged``, or ``Conflict`` if someone else changed it meanwhile."""
    if not change.update(person, Did.PERSON_CHANGED, details=tidy(details)):
        raise Unchanged("Nothing was changed.")


@action(Clients.EDIT)
def remove_person(change: Change, person: LinkedPerson) -> None:
    """Remove a linked person; the earlier version is kept."""
    change.delete(person, Did.PERSON_REMOVED, fields=("details", "created_at"))


@action(Clients.EDIT)
def add_alert(
    change: Change,
    client: Client,
    *,
    kind: str,
    severity: str,
    text: str,
    desk_text: str = "",
    ends_on: date | None = None,
    id: UUID | None = None,
) -> Alert:
    """Add a clinical alert that stays in view until ``ends_on``; only for those who may open the record.

    A critical one without ``desk_text`` tells the desk to ask a clinician, and nothing else.
    """
    change.actor.must(Open.RECORD)
    if severity == "critical" and not desk_text:
        desk_text = Alert.DESK_FLAG
    content = {"kind": kind, "severity": severity, "text": text}
    return _alert(change, client, id, content=content, desk_text=desk_text or None, ends_on=ends_on)


@action(Clients.EDIT)
def add_desk_alert(
    change: Change,
    client: Client,
    *,
    desk_text: str,
    ends_on: date | None = None,
    id: UUID | None = None,
) -> Alert:
    """Add an alert about access needs or the desk's work: nothing clinical, read by all who see the card."""
    return _alert(change, client, id, content=None, desk_text=desk_text, ends_on=ends_on)


def _alert(change: Change, client: Client, given: UUID | None, **values: Any) -> Alert:
    with _made_once(given):
        return change.create(
            Alert, Did.ALERT_ADDED, id=given or uuid7(), client=client, author_id=change.actor.id, **values
        )


@action(Clients.EDIT)
def end_alert(change: Change, alert: Alert, *, on: date) -> None:
    """Stop showing an alert from that day on; it stays in the record."""
    if alert.is_clinical:
        change.actor.must(Open.RECORD)
    if not alert.is_current or not change.update(alert, Did.ALERT_ENDED, ends_on=on):
        raise Conflict("This alert ended already.")


@action(Clients.EDIT)
def resume_alert(change: Change, alert: Alert) -> None:
    """Show an ended alert again, without an end."""
    if alert.is_clinical:
        change.actor.must(Open.RECORD)
    if not change.update(alert, Did.ALERT_RESUMED, ends_on=None):
        raise Conflict("This alert is shown already.")


@action(Clients.REVEAL)
def reveal(change: Change, client: Client, *, what: str) -> None:
    """Record that a masked value was uncovered; ``what`` is a field's name such as ``phones``."""
    change.record(Did.REVEALED, client_id=client.id, on=client, fields=(what,))


@action(Clients.EXPORT)
def record_export(change: Change, client: Client, *, files: Sequence[str]) -> None:
    """Record that everything held on a client was exported; ``files`` are the kinds of file written."""
    change.record(Did.EXPORTED, client_id=client.id, on=client, fields=tuple(files))


# How contacts are cut -----------------------------------------------------------------------------------------------

RECUT_JOB = "clients.contacts.recut"


@action(Keys.ROTATE)
def change_contact_bits(change: Change, bits: int, clients: int) -> None:
    """Cut contacts to ``bits`` from now on, chosen for so many clients. Raises ``Unchanged``."""
    if not cuts.change_bits(bits, clients):
        raise Unchanged("The contacts are cut so already, or are being cut anew.")
    change.record(Kernel.KEYED_VALUES_WRITTEN, fields=(f"to be cut to {bits} bits",))


@action(Keys.ROTATE)
def recut_contacts(change: Change, limit: int) -> int:
    """Cut the contacts of up to ``limit`` clients as is in force, where they are cut another way; return how many.

    One of ``settings.ALCOVE_KEYED_VALUES``. Raises ``SealBroken`` naming some of the clients when only such are left
    whose directory part does not open: their contacts stay as they are.
    """
    cut = cuts.in_force()
    done, broken = 0, list[UUID]()
    while done < limit and (ids := contacts.cut_otherwise(cut, limit - done, broken)):
        recut, bad = _recut(change, ids, cut)
        done += recut
        broken += bad
    if broken and not done:
        raise SealBroken("contacts of clients " + ", ".join(str(one) for one in broken[:5]))
    if not done:
        cuts.settle()
    return done


def _recut(change: Change, ids: Sequence[UUID], cut: Cut) -> tuple[int, list[UUID]]:
    """Cut the contacts of these clients anew; return how many, and those that do not open."""
    keys.open_directories_to_rekey(change, ids)
    held: dict[UUID, dict[str, Any]] = {}
    # Whoever is changing one of these cards commits before, or waits: what is read here is what the tokens stand for.
    for client in Client.objects.select_for_update().filter(pk__in=ids).order_by("pk"):
        with suppress(VaultError):
            held[client.id] = client.directory
    ContactToken.objects.filter(client_id__in=list(held)).delete()
    _write_tokens(held, cut)
    return len(held), [one for one in ids if one not in held]


@action(Keys.ROTATE)
def recut_some(change: Change, limit: int, *, goes_on_later: bool) -> int:
    """Cut some contacts anew; ``goes_on_later`` queues the next turn in the same transaction while any are left."""
    done = recut_contacts(change, limit)
    change.record(Kernel.KEYED_VALUES_WRITTEN, fields=(f"{done} clients",))
    if done and goes_on_later:
        queue.later(change, RECUT_JOB)
    return done


@action(Keys.ROTATE)
def begin_recut(change: Change) -> None:
    """Queue the first turn of cutting contacts anew."""
    queue.later(change, RECUT_JOB)
    change.record(Kernel.KEYED_VALUES_WRITTEN, fields=("begun",))
