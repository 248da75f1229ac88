"""Adding a probe, renaming it, renewing its token, ending it. The token is returned once and kept nowhere."""

from __future__ import annotations

from typing import Final

from alcove.clinic.practice.actions import Unchanged, Unfit
from alcove.clinic.practice.actions.writing import named, updated
from alcove.clinic.practice.models import Location
from alcove.compliance.baseline.actions import put_down
from alcove.compliance.baseline.queries.looks import look
from alcove.compliance.uptime.models import Probe
from alcove.compliance.uptime.policy import Did, Uptime
from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.identity import tokens

_TAKEN: Final = "There is a probe of this name already."
_ENDED: Final = "This probe was ended meanwhile."
_MANY: Final = f"There are {policy.PROBES_MOST} probes already. End one that is no longer needed."


@action(Uptime.PROBES)
def add_probe(change: Change, *, name: str, location: Location | None) -> tuple[str, Probe]:
    """Add a probe at a location, or outside; return its token and its row. Raises ``Unfit``."""
    # All of them are locked, so that two people do not add one too many.
    live = Probe.objects.select_for_update().filter(ended_at__isnull=True).exclude(kind=Probe.Kind.SERVER)
    if len(live) >= policy.PROBES_MOST:
        raise Unfit("name", _MANY)
    token, digest = tokens.new_token()
    kind = Probe.Kind.PLACE if location else Probe.Kind.OUTSIDE
    given = {"name": name, "kind": kind.value, "location": location, "digest": digest}
    made = named(lambda: change.create(Probe, Did.ADDED, made_at=change.now, **given), sentence=_TAKEN)
    return token, made


@action(Uptime.PROBES)
def rename_probe(change: Change, row: Probe, *, name: str) -> Probe:
    """Give a probe another name; raise ``Unfit`` if it is taken, ``Conflict`` if the probe was changed meanwhile."""
    _must_live(row)
    if row.name == name:
        raise Unchanged
    return named(lambda: updated(change, row, Did.RENAMED, {"name": name}), sentence=_TAKEN)


@action(Uptime.PROBES)
def renew_token(change: Change, row: Probe) -> tuple[str, Probe]:
    """Give a probe another token; the one it had opens nothing any more. Raises ``Conflict``."""
    _must_live(row)
    token, digest = tokens.new_token()
    change.update(row, Did.RENEWED, digest=digest)
    return token, row


@action(Uptime.PROBES)
def end_probe(change: Change, row: Probe) -> None:
    """End a probe: its token opens nothing any more, what it saw stays. Raises ``Conflict``."""
    _must_live(row)
    change.update(row, Did.ENDED, ended_at=change.now)
    put_down(change, look(("probes",)))


def _must_live(row: Probe) -> None:
    if row.ended_at is not None:
        raise Conflict(_ENDED)
