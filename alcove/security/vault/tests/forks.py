"""A process that forks a child for each order it reads, so that tests can kill many of them quickly.

Run as ``python forks.py``; each line on standard input is ``[order, arguments…]`` in JSON. The answer is one JSON line
``{"pid": …}`` when the child runs, and one ``{"pid", "signal", "code", "told"}`` when it ended. The parent never opens
the database, because an open SQLite file must not cross a fork.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import threading
import time
import traceback
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alcove.project.settings")

import django

django.setup()

if "ALCOVE_KMS_KEY_ID" in os.environ:
    import boto3  # noqa: F401 - once here instead of in every child
from django.conf import settings
from django.db import connection

from alcove.clinic.clients import actions
from alcove.clinic.clients.actions import change_client, create_client
from alcove.clinic.clients.models import Client, ContactToken
from alcove.clinic.clients.queries import contacts
from alcove.compliance.privacy import actions as privacy
from alcove.compliance.privacy.models import Erasure
from alcove.compliance.privacy.tasks import carry_out
from alcove.operations.backups import actions as backups
from alcove.operations.backups.copying import unpacked
from alcove.project import cli, database, founding, rows, start
from alcove.security.access import keys
from alcove.security.access.actors import Actor
from alcove.security.access.change import action
from alcove.security.access.errors import Conflict
from alcove.security.access.models import Role, Version
from alcove.security.access.opening import entry, new_client, open_client, record_now
from alcove.security.access.policy import Access
from alcove.security.access.policy import Did as AccessDid
from alcove.security.access.writes import writing
from alcove.security.audit import chain
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Factor, Person
from alcove.security.identity.policy import Did
from alcove.security.identity.sessions import acting
from alcove.security.vault import copies, cuts, house, rotation
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import Part, keyring, put
from alcove.security.vault.models import ClientKey, House, HouseKey
from alcove.security.vault.providers import provider
from alcove.security.vault.tests import make

# Small batches, so that there are many moments to be killed at; short waits, so that the test is short.
keys.CLIENT_KEYS = keys.HOUSE_VALUES = keys.REKEYED_CLIENTS = 7
house.REFRESH_SECONDS = 0.2
keys.MARGIN_SECONDS = 0.2
OPERATOR = Actor.operator("test")


def _configure():
    """Use the provider that holds the keys now, as an operator would after a move."""
    start.keys()
    stored = HouseKey.objects.first()
    if stored and stored.provider != settings.ALCOVE.key_provider:
        house.configure(replace(settings.ALCOVE, key_provider=stored.provider))


@action(Access.EDIT_ROLES)
def _add_factors(change, count):
    for number in range(count):
        person = change.create(
            Person, Did.PERSON_ADDED, email=f"p{number}@clinic.example", name=f"P {number}"
        )
        change.create(Factor, Did.FACTOR_ADDED, person=person, secret=f"SECRET{number}")


def phone(number, turn=0):
    return f"+1{number:05d}{turn:05d}"


def found(clients, factors):
    founding.make_home(settings.ALCOVE)
    database.migrate()
    founding.found(settings.ALCOVE, practice="Kill", owner_email="o@clinic.example")
    for number in range(clients):
        create_client(
            OPERATOR,
            directory={"given": f"Given{number}", "family": "F", "phones": [phone(number)]},
            details={"note": f"n{number}"},
        )
    _add_factors(OPERATOR, factors)


def rotate_root():
    _configure()
    keys.rotate_root(OPERATOR)


def destroy_roots():
    _configure()
    make.destroy_roots(OPERATOR)


def rotate_house():
    _configure()
    assert keys.rotate_house(OPERATOR) == []


def replace_key(number):
    _configure()
    keys.replace_client_key(OPERATOR, _nth(number))
    return ClientKey.objects.get(client_id=_nth(number)).generation


def recut():
    """Cut contacts to other bits than now, or go on with that where it was begun."""
    _configure()
    if not House.objects.get().contact_bits_before:
        actions.change_contact_bits(OPERATOR, 10 if cuts.in_force().bits == 8 else 8, 100)
    while actions.recut_some(OPERATOR, 7, goes_on_later=False):
        pass


def add_phone_slowly(held, go):
    """Give a client a first phone; between cutting its value and writing it, wait for the file ``go``."""
    _configure()
    client = create_client(OPERATOR, directory={"given": "Given900"}, details={"note": "n900"})
    cut_now = contacts.tokens

    def cut_and_wait(*arguments):
        values = cut_now(*arguments)
        Path(held).touch()
        until = time.monotonic() + 60
        while not Path(go).exists() and time.monotonic() < until:
            time.sleep(0.01)
        return values

    contacts.tokens = cut_and_wait
    with keyring():
        open_client(OPERATOR, client.id)
        card = Client.objects.get(pk=client.id)
        change_client(OPERATOR, card, directory=card.directory | {"phones": [phone(900)]})


def _missed(wanted):
    """Return those of (phone, client id) that a search by phone does not come by."""
    return [phone for phone, client_id in wanted if client_id not in contacts.bucket("phone", phone)]


def look(stop):
    """Search for every phone there was at the start, again and again until the file ``stop`` is there."""
    _configure()
    wanted = _phones()
    parent, until, rounds, missed = os.getppid(), time.monotonic() + 600, 0, []
    while not Path(stop).exists() and os.getppid() == parent and time.monotonic() < until:
        missed += _missed(wanted)
        rounds += 1
    return {"rounds": rounds, "missed": missed[:5]}


def _phones():
    found = []
    for row in ClientKey.objects.all():
        with keyring():
            put(row, (Part.DIRECTORY,))
            found += [(each, row.client_id) for each in Client.objects.get(pk=row.client_id).phones]
    return found


def rewrap(other):
    """Move to the other provider or back to the file, whichever does not hold the keys now."""
    _configure()
    held = HouseKey.objects.first().provider
    keys.move_to_provider(OPERATOR, "file" if held == other else other)


def _nth(number):
    return list(ClientKey.objects.order_by("client_id").values_list("client_id", flat=True))[number]


def check():
    """Everything opens and says what it said; the log holds. Returns where the keys stand."""
    _configure()
    house.unlock()
    names = set()
    for row in ClientKey.objects.all():
        with keyring():
            put(row, tuple(Part))
            client = Client.objects.get(pk=row.client_id)
            assert client.details["note"] == "n" + client.given.removeprefix("Given"), (
                "another client's words"
            )
            names.add(client.given)
    missed = _missed(_phones())
    assert not missed, f"{len(missed)} phones are not found"
    secrets = {factor.secret for factor in Factor.objects.all()}
    chain.Sequencer(head_file=settings.ALCOVE.log / "audit.head").link()
    verdict = chain.verify(head_file=settings.ALCOVE.log / "audit.head")
    assert verdict.holds, verdict.faults[:3]
    found = rotation.state()
    return {
        "names": len(names),
        "secrets": len(secrets),
        "provider": found.provider,
        "root_id": found.root_id,
        "root_pending": found.root_pending,
        "house_pending": found.house_pending,
        "clients_behind": found.clients_behind,
        "values_behind": found.values_behind,
        "cuts": sorted(set(ContactToken.objects.values_list("key_version", "bits"))),
        "contacts": len(set(ContactToken.objects.values_list("client_id", "kind", "token"))),
        "ways": sorted([cut.key_version, cut.bits] for cut in cuts.held()),
        "versions": [[key.purpose, key.version, key.clients] for key in found.keys],
        "roots": provider(house.configured(), house.house().id.hex).roots(),
    }


def live(stop, who):
    """Work like a practice until the file ``stop`` is there; return what was done, and every failure by name.

    The two who work at once take every other client, so that they never write the same card.
    """
    _configure()
    done, failures = {"read": 0, "written": 0, "created": 0, "factors": 0}, []
    known = list(ClientKey.objects.order_by("client_id").values_list("client_id", flat=True))[who::2]
    phones = {client_id: each for each, client_id in _phones()}
    turn = refused = 0
    # A test that was itself killed makes no stop file: nothing started here outlives its parent.
    parent, until = os.getppid(), time.monotonic() + 300
    while not Path(stop).exists() and os.getppid() == parent and time.monotonic() < until:
        turn += 1
        client_id = known[turn % len(known)]
        try:
            with keyring():
                open_client(OPERATOR, client_id)
                client = Client.objects.get(pk=client_id)
                assert client.details["note"] == "n" + client.given.removeprefix("Given")
                done["read"] += 1
                if client_id not in contacts.bucket("phone", phones[client_id]):
                    failures.append("a phone was not found")
                number = int(client.given.removeprefix("Given"))
                change_client(
                    OPERATOR,
                    client,
                    directory=client.directory | {"phones": [phone(number, turn)]},
                    details={"note": client.details["note"], "title": str(turn)},
                )
                phones[client_id] = phone(number, turn)
                done["written"] += 1
            if turn % 5 == 0:
                number = 1000 + 2 * turn + who
                made = create_client(
                    OPERATOR,
                    directory={"given": f"Given{number}", "phones": [phone(number)]},
                    details={"note": f"n{number}"},
                )
                known.append(made.id)
                phones[made.id] = phone(number)
                done["created"] += 1
            factor = Factor.objects.order_by("?").first()
            assert factor.secret.startswith("SECRET")
            done["factors"] += 1
        except Conflict:
            refused += 1
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")
    newest = ClientKey.objects.order_by("-client_id").first()
    return {
        **done,
        "refused": refused,
        "failures": failures[:5],
        "wrap_version": newest.wrap_version,
        "seal_version": house.house().versions("seal").current,
        "wrap_held": sorted(house.house().versions("wrap").keys),
        "index_held": sorted(house.house().versions("index").keys),
    }


def write_and_tell(told):
    """Make clients until somebody stops it, and write down each id once its making has returned."""
    _configure()
    parent, until, number = os.getppid(), time.monotonic() + 60, 5000 + int(time.time() * 1000) % 10**8
    with Path(told).open("a") as file:
        while os.getppid() == parent and time.monotonic() < until:
            number += 1
            with suppress(Conflict):
                made = create_client(
                    OPERATOR, directory={"given": f"Given{number}"}, details={"note": f"n{number}"}
                )
                file.write(f"{made.id.hex}\n")
                file.flush()


def lacking(told, since=0):
    """Return the ids written down, from a byte of the file on, whose client does not say what was written."""
    _configure()
    lost = []
    for text in Path(told).read_text()[since:].split():
        with keyring():
            try:
                put(ClientKey.objects.get(pk=text), tuple(Part))
                client = Client.objects.get(pk=text)
                if client.details["note"] != "n" + client.given.removeprefix("Given"):
                    lost.append(text)
            except Exception as error:
                lost.append(f"{text}: {type(error).__name__}")
    return lost


def pending():
    """Return how much a rotation of keys has still to do."""
    _configure()
    found = rotation.state()
    return {name: getattr(found, name) for name in ("house_pending", "clients_behind", "values_behind")}


def write_log(threads, each):
    """Write read entries and changes from several threads at once, some of them rolled back."""
    _configure()
    house.unlock()
    known = list(ClientKey.objects.values_list("client_id", flat=True))
    faults = []

    def work(number):
        try:
            for turn in range(each):
                client_id = known[(number * each + turn) % len(known)]
                record_now(
                    entry(OPERATOR, AccessDid.RECORD_OPENED, client_id=client_id, reason="because it is so")
                )
                if turn % 3 == 0:
                    _insist(fail=turn % 2 == 0)
        except Exception:
            faults.append(traceback.format_exc())
        finally:
            connection.close()

    running = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return faults


def _insist(*, fail):
    """Do the deed again for as long as somebody else was quicker."""
    while True:
        with suppress(Conflict):
            with suppress(ZeroDivisionError):
                _deed(OPERATOR, fail=fail)
            return


@action(Access.EDIT_ROLES)
def _deed(change, *, fail):
    role = Role.objects.first()
    change.update(role, AccessDid.ROLE_CHANGED, description=str(time.time_ns()))
    if fail:
        raise ZeroDivisionError


def link_log(seconds):
    """Link what is new, again and again."""
    _configure()
    sequencer = chain.Sequencer(head_file=settings.ALCOVE.log / "audit.head")
    until, linked = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        linked += sequencer.link()
        time.sleep(0.01)
    return linked


def verify_log():
    """Link the rest; return what verifying finds."""
    _configure()
    head = settings.ALCOVE.log / "audit.head"
    chain.Sequencer(head_file=head).link()
    verdict = chain.verify(head_file=head)
    return {
        "entries": verdict.entries,
        "blocks": verdict.blocks,
        "unlinked": verdict.unlinked,
        "faults": [str(fault) for fault in verdict.faults[:5]],
        "deeds": Entry.objects.filter(event="access.role.changed").count(),
        "versions": Version.objects.filter(event="access.role.changed").count(),
    }


def fill(clients):
    """Make clients with a value in every kind of sealed column, and a sealed file each; return their ids."""
    _configure()
    return [client_id.hex for client_id in _fill(OPERATOR, clients)]


@action(Access.EDIT_ROLES)
def _fill(change, clients):
    ids = [uuid7() for _ in range(clients)]
    for client_id in ids:
        new_client(client_id)
        make._fill_one(change, client_id, f"words of {client_id}")
    change.record(AccessDid.ROLE_CREATED)
    return ids


def everything():
    """Return every sealed value, opened, by cell."""
    _configure()
    with keyring():
        return {name: str(value) for name, value in make.everything().items()}


def erase(client_id):
    """Destroy a client's key, as a final erasure does."""
    with writing("an erasure"):
        ClientKey.objects.filter(pk=client_id).delete()


def erase_wholly():
    """Make a client, delete them, ask for their erasure, approve it, and carry out whatever is approved."""
    _configure()
    house.unlock()
    made = create_client(OPERATOR, directory={"given": "Given800"}, details={"note": "n800"})
    with keyring():
        open_client(OPERATOR, made.id)
        privacy.delete(OPERATOR, made.id, ground="asked", reason="They wrote and asked us to.")
    asked = privacy.ask(OPERATOR, made.id, reason="They wrote and asked us to.")
    privacy.approve(acting(Person.objects.order_by("pk").first(), request="test"), asked.pk)
    carry_out()


def half_erased(is_over=False):
    """Return the erasures of which a part is done and another is not; ``is_over``: carry them out first."""
    _configure()
    house.unlock()
    if is_over:
        carry_out()
    left = set(ClientKey.objects.values_list("client_id", flat=True))
    ends = (Erasure.State.ENDED, Erasure.State.DONE)
    return [
        f"erasure {one.pk} is {one.state}, and its client's key is {'there' if one.client_id in left else 'gone'}"
        for one in Erasure.objects.all()
        if (one.state in ends) == (one.client_id in left) or (is_over and one.is_running)
    ]


def alcove(*words):
    """Run a verb of the console; return what it said."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(words)
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def move_spoilt(url, table):
    """Move to another database, of which one row of a table gets another value on its way; return what was said."""
    for kind in (rows.IntoSqlite, rows.IntoPostgresql):
        kind.write = _spoiling(kind.write, table)
    return alcove("move", "--yes", "--to", url)


def _spoiling(write, name):
    def written(self, table, given):
        held = list(given)
        if table.name == name:
            kinds = table.columns.values()
            held[0] = [
                one.swapcase() if kind == "CharField" else one
                for one, kind in zip(held[0], kinds, strict=True)
            ]
        write(self, table, held)

    return written


def from_the_future():
    """Let the database say that it was written by a version which nobody here knows."""
    with writing("a newer version"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('records', '9999_later', '2031-01-01')"
        )


def recovery():
    """Make a recovery key; return its three shares."""
    _configure()
    return backups.make_recovery(OPERATOR)[1]


def leaks(place):
    """Return how many clients' keys, sealed as they are, lie among the pieces of a place."""
    _configure()
    sealing = copies.Sealing(copies.held(), 1)
    wrapped = [bytes(row.wrapped) for row in ClientKey.objects.all()]
    found = 0
    for path in Path(place, "objects").rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                held = b"".join(sealing.opened(path.name, file))
            # A pack of database pieces begins with how it was packed; a sealed file does not.
            with contextlib.suppress(zlib.error):
                held = unpacked(held)
            found += sum(one in held for one in wrapped)
    return found


ORDERS = {
    order.__name__: order
    for order in (
        found, rotate_root, destroy_roots, rotate_house, replace_key, recut, add_phone_slowly, rewrap, check, look,
        live, write_and_tell, lacking, pending, write_log, link_log, verify_log, fill, everything, erase, erase_wholly, half_erased, alcove,
        move_spoilt, from_the_future, recovery, leaks,
    )
}  # fmt: skip


def _child(order, arguments, out):
    code, told = 0, None
    try:
        told = ORDERS[order](*arguments)
    except BaseException:
        code, told = 1, traceback.format_exc()
    os.write(out, json.dumps(told).encode())
    os._exit(code)


def main():
    children = {}
    for line in sys.stdin:
        order, *arguments = json.loads(line)
        if order == "wait":
            pid = arguments[0]
            told = b""
            while part := os.read(children[pid], 65536):
                told += part
            os.close(children.pop(pid))
            _, status = os.waitpid(pid, 0)
            answer = {
                "pid": pid,
                "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
                "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1,
                "told": json.loads(told) if told else None,
            }
        else:
            assert connection.connection is None
            reading, writing = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(reading)
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                _child(order, arguments, writing)
            os.close(writing)
            children[pid] = reading
            answer = {"pid": pid}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
