"""What tests of alerts share: a log whose entries the rules look at, and an alert to work on."""

from __future__ import annotations

from alcove.compliance import tasks
from alcove.compliance.actions import alerts
from alcove.compliance.models import Alert
from alcove.compliance.queries import watching
from alcove.security.access.opening import entry, record_now
from alcove.security.access.policy import Did as Kernel
from alcove.security.audit import chain
from alcove.security.vault.ids import uuid7


def link():
    return chain.Sequencer(head_file=None).link()


def begin():
    """The rules begin at the end of the log as it is."""
    link()
    alerts.begin()


def look():
    """Link and have every rule look at once; return how many alerts were raised."""
    link()
    return sum(tasks.catch_up(name) for name in watching.MARKS)


def opened(actor, *clients, event=Kernel.RECORD_OPENED, **more):
    for client in clients:
        record_now(entry(actor, event, client_id=client, **more))


def raised(practice, role="practitioner"):
    """An alert about the person of this role: four strangers' records opened."""
    begin()
    opened(practice.actor(role), *(uuid7() for _ in range(4)))
    assert look() == 1
    return Alert.objects.get(rule="no_reason")
