"""Guards: every route says which method needs which right, or why it needs none.

``@guard(GET=Records.READ, POST=Records.WRITE, opens="client_id")``: an unnamed method gets 405; a POST under a
reading permission fails at import unless it is ``lookup(...)`` with a reason; ``opens`` opens that client's keys for
this request, with its entry. ``event`` makes the entry of a GET that is a deed of its own (a print, a download) say so
instead of "opened the record", and ``on`` names the URL argument of the row it is about. ``fresh=True`` asks that the
person gave a factor within the last minutes (``policy_defaults.FRESH_LIFE``): half of that to see the form, all of it
to send it, so whoever sees the form can fill it in.
``@handed(GET=…)``: the only routes that answer a tablet in a client's hands, for the tasks it was handed over for and
that one client; nobody else is answered by them, and identity's middleware answers a tablet from no other route.
``@own(GET=…, opens=True)``: the only guarded routes that answer a patient's session, and nobody else's; ``opens`` opens
the client whom the account is about. Identity's middleware answers a patient from no page of the staff.
``@public("sign-in page")`` and ``@signed("set-up link")`` must give a reason.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from alcove.security import policy_defaults
from alcove.security.access import change, opening
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound, ReadOnly, Refused
from alcove.security.access.policy import Permission
from alcove.security.audit import clock
from alcove.security.audit.events import Event
from alcove.security.vault.keyring import keyring

View = Callable[..., HttpResponse]
SAFE = frozenset({"GET", "HEAD"})
OWN_CLIENT = "own client"
"""What a route opens that has no client in its URL: the one whom the patient's account is about."""
BOUND = frozenset({"patient", "tablet"})
"""Kinds of actor that are bound to one client and have pages of their own; no other page answers them."""
CONSOLE = frozenset({"operator", "job"})
"""Kinds of actor that have no pages at all: no session gives one, and if one did, no page would answer."""
NO_WAY_IN = "Neither the console nor the worker has pages."
_PROVING = frozenset({"person", "patient"})
"""Kinds of actor that can be asked for a factor again; the others have none, or none at all."""
STAFF_ONLY = "This page belongs to the practice's staff."


@dataclass(frozen=True, slots=True)
class Lookup:
    """A reading permission for a POST, because what is looked for may not stand in a URL."""

    permission: Permission
    reason: str


@dataclass(frozen=True, slots=True)
class Guard:
    """What a route declares; ``make routes`` prints it."""

    kind: str
    needs: dict[str, Permission | Lookup] = field(default_factory=dict)
    reason: str = ""
    opens: str = ""
    methods: tuple[str, ...] = ()
    event: Event | None = None
    on: str = ""
    fresh: bool = False

    def lines(self) -> list[tuple[str, str, str]]:
        """Return (method, permission or kind, remark) for ``routes.txt``."""
        remark = f"opens {self.opens}" if self.opens else self.reason
        if self.event is not None:
            remark += f", recorded as {self.event.key}"
        if self.fresh:
            remark = f"{remark}, fresh sign-in".removeprefix(", ")
        if self.kind != "guard":
            return [(method, self.kind, remark) for method in self.methods]
        return [
            (method, need.permission.key, f"lookup: {need.reason}")
            if isinstance(need, Lookup)
            else (method, need.key, remark)
            for method, need in self.needs.items()
        ]


def lookup(permission: Permission, reason: str) -> Lookup:
    """Let a POST pass under a reading permission; the reason is printed in ``routes.txt``."""
    if len(reason) < 10:  # noqa: PLR2004 - a reason is a sentence, not a word
        raise TypeError("say why this POST only looks something up")
    return Lookup(permission, reason)


def guard(
    *,
    opens: str = "",
    event: Event | None = None,
    on: str = "",
    fresh: bool = False,
    **needs: Permission | Lookup,
) -> Callable[[View], View]:
    """Declare method and right together; see the module's docstring."""
    for method, need in needs.items():
        if method not in {"GET", "POST"}:
            raise TypeError(f"a page answers GET and POST, not {method}")
        if method == "POST" and isinstance(need, Permission) and need.is_reading:
            raise TypeError(f"a POST may not pass under the reading permission {need}")
    if not needs:
        raise TypeError("a guard needs at least one method")
    if event is not None and not (opens and "GET" in needs):
        raise TypeError("an event of its own belongs to a GET that opens a client")
    declared = Guard("guard", dict(needs), opens=opens, event=event, on=on, fresh=fresh)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            need = needs.get("GET" if request.method == "HEAD" else str(request.method))
            if need is None:
                return HttpResponseNotAllowed(list(needs))
            return _enter(view, request, need, declared, args, kwargs)

        guarded.guard = declared  # type: ignore[attr-defined]  # read by checks
        return guarded

    return decorate


def _enter(
    view: View, request: HttpRequest, need: Permission | Lookup, declared: Guard, args: Any, kwargs: Any
) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by identity's middleware
    client_id = _client_of(declared, actor, kwargs)
    permission = need.permission if isinstance(need, Lookup) else need
    where = request.resolver_match.view_name if request.resolver_match else ""
    if not actor.is_signed_in:
        raise SignInNeeded
    is_read = request.method in SAFE
    with keyring():
        watching = change.watch_records()
        recorded = 0
        try:
            try:
                actor.must(permission)
                if actor.kind in CONSOLE:
                    raise Refused(permission.key, NO_WAY_IN)  # noqa: TRY301 - recorded with the others
                if actor.kind in BOUND and declared.kind == "guard":
                    raise Refused(permission.key, STAFF_ONLY)  # noqa: TRY301 - recorded with the others
                if actor.is_preview and not is_read and not isinstance(need, Lookup):
                    raise ReadOnly(permission.key)
                if declared.fresh:
                    _must_be_fresh(actor, is_read=is_read)
                if client_id is not None:
                    # From here on the request acts with what this actor may do before this client.
                    actor = request.actor = opening.open_client(  # type: ignore[attr-defined]  # middleware's
                        actor, client_id, record=is_read, event=declared.event, on=_row(declared, kwargs),
                        needs=permission,
                    )  # fmt: skip
            except (Refused, NotFound) as refusal:
                # Whoever was refused is on the log beside the client they asked for, whether or not one exists.
                needed = getattr(refusal, "needed", "exists")
                opening.record_refusal(actor, needed, client_id=kwargs.get("client_id"), where=where)
                raise
            response = view(request, *args, **kwargs)
        finally:
            recorded = change.recorded_since(watching)
        if client_id is not None and not is_read and not recorded:
            # The action refused the input or nothing changed, yet the answer shows the client: a look.
            opening.record_opening(actor, client_id)
        return response


def handed(*, event: Event | None = None, **needs: Permission) -> Callable[[View], View]:
    """Declare a route for a tablet in a client's hands; opens the client it is bound to (URL argument ``client_id``).

    ``event``: what the entry of a GET says.
    """
    if not needs or not needs.keys() <= {"GET", "POST"}:
        raise TypeError("name GET, POST or both, each with the right of its task")
    declared = Guard(
        "handed", dict(needs), reason="a tablet in a client's hands", opens="client_id", methods=tuple(needs),
        event=event,
    )  # fmt: skip

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def taken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            need = needs.get("GET" if request.method == "HEAD" else str(request.method))
            if need is None:
                return HttpResponseNotAllowed(list(needs))
            actor: Actor = request.actor  # type: ignore[attr-defined]  # set by identity's middleware
            if not actor.is_signed_in:
                raise SignInNeeded
            if actor.kind != "tablet" or actor.client_id != kwargs.get("client_id"):
                where = request.resolver_match.view_name if request.resolver_match else ""
                opening.record_refusal(actor, need.key, client_id=kwargs.get("client_id"), where=where)
                raise Refused(need.key, "This page is for a client with a tablet in their hands.")
            return _enter(view, request, need, declared, args, kwargs)

        taken.guard = declared  # type: ignore[attr-defined]  # read by checks
        return taken

    return decorate


def own(
    *, opens: bool = False, event: Event | None = None, fresh: bool = False, **needs: Permission
) -> Callable[[View], View]:
    """Declare a route of the patient portal, for the client whom the signed-in account is about and nobody else.

    ``opens``: open that client for this request; ``event``: what the entry of a GET says; ``fresh`` as for staff.
    """
    if not needs or not needs.keys() <= {"GET", "POST"}:
        raise TypeError("name GET, POST or both, each with its right")
    declared = Guard(
        "own", dict(needs), reason="a patient's own account", opens=OWN_CLIENT if opens else "",
        methods=tuple(needs), event=event, fresh=fresh,
    )  # fmt: skip

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def taken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            need = needs.get("GET" if request.method == "HEAD" else str(request.method))
            if need is None:
                return HttpResponseNotAllowed(list(needs))
            actor: Actor = request.actor  # type: ignore[attr-defined]  # set by identity's middleware
            if not actor.is_signed_in:
                raise SignInNeeded
            if actor.kind != "patient" or actor.client_id is None:
                where = request.resolver_match.view_name if request.resolver_match else ""
                opening.record_refusal(actor, need.key, where=where)
                raise Refused(need.key, "This page belongs to a patient's own account.")
            return _enter(view, request, need, declared, args, kwargs)

        taken.guard = declared  # type: ignore[attr-defined]  # read by checks
        return taken

    return decorate


def _client_of(declared: Guard, actor: Actor, kwargs: dict[str, Any]) -> UUID | None:
    """Return the client a route opens: the one its URL names, or the one the actor's account is about."""
    if declared.opens == OWN_CLIENT:
        return actor.client_id
    return kwargs.get(declared.opens) if declared.opens else None


def _must_be_fresh(actor: Actor, *, is_read: bool) -> None:
    """Raise ``FreshNeeded`` unless a factor was given lately."""
    life = policy_defaults.FRESH_LIFE / 2 if is_read else policy_defaults.FRESH_LIFE
    if actor.kind in _PROVING and (actor.proved_at is None or clock.now() - actor.proved_at > life):
        raise FreshNeeded


def _row(declared: Guard, kwargs: dict[str, Any]) -> str:
    """Return what the log calls the row that an event of its own is about: ``records.document 0189…``."""
    if declared.event is None or not declared.on:
        return ""
    return f"{declared.event.key.rpartition('.')[0]} {kwargs[declared.on].hex}"


class FreshNeeded(Exception):
    """A sensitive act needs a factor given just now: identity asks for it and leads back."""


class SignInNeeded(Exception):
    """A stranger asked for a page that needs a person: identity sends them to the sign-in page."""


def public(reason: str, *methods: str) -> Callable[[View], View]:
    """Open a route to strangers, for a stated reason."""
    return _open("public", reason, methods or ("GET",))


def signed(reason: str, *methods: str) -> Callable[[View], View]:
    """Open a route to whoever holds a signed, single-use link, for a stated reason."""
    return _open("signed", reason, methods or ("GET",))


def _open(kind: str, reason: str, methods: tuple[str, ...]) -> Callable[[View], View]:
    if len(reason) < 5:  # noqa: PLR2004 - a reason is words, not a letter
        raise TypeError("say why this route is open")

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if ("GET" if request.method == "HEAD" else request.method) not in methods:
                return HttpResponseNotAllowed(list(methods))
            with keyring():
                return view(request, *args, **kwargs)

        opened.guard = Guard(kind, reason=reason, methods=tuple(methods))  # type: ignore[attr-defined]  # as above
        return opened

    return decorate
