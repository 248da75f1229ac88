"""A client's card and record as they were at a past moment, with what differs now, who changed it, and when.

Nothing is seen in the past that may not be seen now: the guard opened the client, ``objects`` know rows in sight only,
drafts are their author's alone, and contacts and numbers stay covered as on the card.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import models

from alcove.clinic.clients.models import Alert, Client, LinkedPerson
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import about, contacts, identifiers
from alcove.clinic.clients.queries.history import NOT_SHOWN, Values, label_of, people, readable
from alcove.clinic.clients.queries.past import WHOLE, Rebuilt, Step, at_path, rebuilt
from alcove.clinic.records.models import Amendment, Document, Item, Note, sections
from alcove.clinic.records.models.content import KINDS as CONTENTS
from alcove.clinic.records.policy import Records
from alcove.clinic.records.queries.chart import ONE, words_of
from alcove.clinic.records.queries.words import legible, span
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.models import Version
from alcove.security.access.policy import Open
from alcove.security.audit import events

KINDS: Final[dict[str, type[models.Model]]] = {
    "card": Client, "person": LinkedPerson, "alert": Alert, "item": Item, "note": Note, "amendment": Amendment,
    "document": Document,
}  # fmt: skip
"""What a row is called in URLs, and its table."""
WHAT: Final = {kind: what for what, kind in KINDS.items()}
LABELS: Final = {
    "name": "Name", "start": "From", "end": "Until", "system": "Code system", "low": "Usual from", "high": "Usual to",
    "is_verified": "Verified", "checked_at": "Checked", "struck_at": "Struck", "signed_at": "Signed",
    "happened_at": "Happened",
    "acknowledged": "Alerts acknowledged", "author_name": "Author",
}  # fmt: skip
"""Words for columns and parts of sealed values of the record."""
_SHOWN: Final = {
    "card": ("directory", "details", "is_hidden"), "person": ("details",), "alert": ("content", "desk_text", "ends_on"),
    "item": ("content", "is_verified"), "note": ("title", "body", "state"), "amendment": ("text", "reason"),
    "document": ("content",),
}  # fmt: skip
_OF_FILES: Final = frozenset({"media_type", "bytes", "sha256"})
_ORDER: Final = tuple(KINDS)
RECENT: Final = 40
"""Deeds offered to go back before."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of something, in words. ``is_covered``: shown in part only, so two others may look alike."""

    path: str
    label: str
    then: str
    now: str
    is_changed: bool
    is_covered: bool
    steps: list[Step]
    may_put_back: bool


@dataclass(frozen=True, slots=True)
class Thing:
    """A row then and now. ``state``: same, changed, gone (there then, not now) or new (not there then)."""

    what: str
    id: UUID
    kind: str
    title: str
    summary: str
    state: str
    facts: list[Fact]
    steps: list[Step]
    may_put_back: bool
    is_sensitive: bool

    @property
    def differences(self) -> list[Fact]:
        return [one for one in self.facts if one.is_changed]


@dataclass(frozen=True, slots=True)
class Group:
    """Things of one list as they stood."""

    title: str
    things: list[Thing]


@dataclass(frozen=True, slots=True)
class Past:
    """The client at a moment. ``card`` is None where they were not on the books yet."""

    at: datetime
    card: Thing | None
    groups: list[Group] = field(default_factory=list)
    differing: list[Thing] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Deed:
    """One earlier deed, to go back before."""

    at: datetime
    who: str
    words: str

    @property
    def just_before(self) -> str:
        """The last moment before it, as addresses say it."""
        before = (self.at - timedelta(microseconds=1)).astimezone(UTC)
        return before.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# The whole client ---------------------------------------------------------------------------------------------------


def past(actor: Actor, client: Client, at: datetime) -> Past:
    """Return the client's card and record at a moment."""
    actor.must(Open.RECORD)
    found = [one for one in rebuilt(actor, client.id, KINDS.values(), at) if _is_readable(actor, one)]
    things = [thing for one in found if (thing := _thing(actor, one)) is not None]
    things.sort(key=lambda one: (_ORDER.index(one.what), one.kind, one.title.casefold()))
    card = next((one for one in things if one.what == "card"), None)
    if card is None or card.state == "new":
        return Past(at, None)
    groups: dict[str, list[Thing]] = {}
    for one in things:
        if one.state != "new" and one is not card:
            groups.setdefault(one.kind, []).append(one)
    differing = [one for one in things if one.state != "same"]
    return Past(at, card, [Group(*pair) for pair in groups.items()], differing)


def one_row(actor: Actor, client: Client, what: str, row_id: UUID, at: datetime) -> tuple[Rebuilt, Thing]:
    """Return one row at a moment, as stored and as shown; raise ``NotFound`` for none, or none this actor may read."""
    actor.must(Open.RECORD)
    found = rebuilt(actor, client.id, [KINDS[what]], at, only=row_id) if what in KINDS else []
    thing = _thing(actor, found[0]) if found and _is_readable(actor, found[0]) else None
    if thing is None:
        raise NotFound("there is no such row")
    return found[0], thing


def deeds(actor: Actor, client: Client) -> list[Deed]:
    """Return the newest deeds that changed something of this client, one for all that a deed changed."""
    actor.must(Open.RECORD)
    labels = [kind._meta.label_lower for kind in KINDS.values()]
    kept = Version.objects.filter(client_id=client.id, model__in=labels).order_by("-at", "-id")
    found: dict[datetime, Version] = {}
    words: dict[datetime, dict[str, None]] = {}
    for version in kept[: 4 * RECENT]:
        found.setdefault(version.at, version)
        words.setdefault(version.at, {})[events.words(version.event)] = None
    names = people({one.actor_id for one in found.values() if one.actor_id})
    return [
        Deed(
            one.at,
            (names.get(one.actor_id) if one.actor_id else one.actor_name) or "A former account",
            ", ".join(words[one.at]),
        )
        for one in list(found.values())[:RECENT]
    ]


def _is_readable(actor: Actor, one: Rebuilt) -> bool:
    """Whether what stands in a row is this actor's to read: of an unsigned note its author's alone, gone or not."""
    if one.model is not Note:
        return True
    if isinstance(one.row, Note):
        return one.row.is_signed or (one.row.author_id is not None and one.row.author_id == actor.id)
    return one.by_id is not None and one.by_id == actor.id


# One thing in words -------------------------------------------------------------------------------------------------


def stands(values: Values | None) -> bool:
    """Whether a row was in its list: there, and not struck."""
    return values is not None and not values.get("struck_at")


def _thing(actor: Actor, one: Rebuilt) -> Thing | None:
    """Return a row as it is shown, None for one that stood neither then nor now."""
    then, now = stands(one.then), stands(one.now)
    if not then and not now:
        return None
    what = WHAT[one.model]
    facts = _facts(actor, what, one) if then else []
    state = "new" if not then else "gone" if not now else "same"
    if state == "same" and any(fact.is_changed for fact in facts):
        state = "changed"
    held: Values = (one.then if then else one.now) or {}
    kind, title, summary = _words(what, one, held)
    steps = one.steps[WHOLE] or one.steps["struck_at"] if state in {"gone", "new"} else []
    return Thing(
        what=what, id=one.id, kind=kind, title=legible(title), summary=legible(summary), state=state, facts=facts,
        steps=steps, may_put_back=may_put_back(actor, what, one) and (state == "gone" or _is_whole(what, facts)),
        is_sensitive=one.audience_id is not None,
    )  # fmt: skip


def _is_whole(what: str, facts: list[Fact]) -> bool:
    """Whether a changed row may be put back as a whole: an entry of the chart of which more than one field differs."""
    return what in {"item", "person"} and sum(one.is_changed and one.may_put_back for one in facts) > 1


def _facts(actor: Actor, what: str, one: Rebuilt) -> list[Fact]:
    found, may = [], may_put_back(actor, what, one)
    for path in _paths(what, one.then, one.now):
        # Of a removed row only what was worth keeping is known.
        if path.partition(".")[0] not in (one.then or {}):
            continue
        was, now = at_path(one.then, path), at_path(one.now, path)
        words = (said(path, was), said(path, now))
        if not any(words):
            continue
        found.append(
            Fact(
                path=path, label=_label(path, one), then=legible(words[0]), now=legible(words[1]),
                is_changed=one.now is not None and was != now and (words[0] != words[1] or is_covered(path)),
                is_covered=is_covered(path), steps=one.steps[path],
                may_put_back=may and is_open_to_putting_back(what, path),
            )
        )  # fmt: skip
    return found


def _paths(what: str, *states: Values | None) -> Iterable[str]:
    """Return every path of the columns shown that any of these states has, in the order of the newest."""
    found: dict[str, None] = {}
    for column in _SHOWN[what]:
        for state in states:
            held = (state or {}).get(column)
            if isinstance(held, dict):
                keys = [key for key in held if key not in NOT_SHOWN and key not in _OF_FILES]
                found |= {f"{column}.{key}": None for key in keys}
            elif held is not None and state is not None and column not in {"content", "details", "body"}:
                found[column] = None
    return found


def is_covered(path: str) -> bool:
    """Whether a value stands covered on the card."""
    return path.rpartition(".")[2] in {"phones", "phone", "emails", "email", "numbers", "address"} and (
        path.startswith(("directory.", "details."))
    )


def said(path: str, value: Any) -> str:
    """Return a stored value in words, covered where the card covers it."""
    key = path.rpartition(".")[2]
    if not is_covered(path) or not value:
        return "Yes" if value is True else "" if value is False else readable(value)
    if key in {"phones", "phone"}:
        return "\n".join(contacts.masked(one) for one in _listed(value))
    if key in {"emails", "email"}:
        return "\n".join(contacts.masked_email(one) for one in _listed(value))
    if key == "address":
        town = value.get("city") or value.get("state") or "" if isinstance(value, dict) else ""
        return f"••• {town}".strip()
    return "\n".join(_number(one) for one in value if isinstance(one, dict))


def _number(one: dict[str, Any]) -> str:
    kind, value = str(one.get("kind", "")), str(one.get("value", ""))
    covered = identifiers.shown(one) if identifiers.is_identity(kind) else contacts.masked_number(value)
    return f"{kind or 'Number'}: {covered}"


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _label(path: str, one: Rebuilt) -> str:
    column, _, key = path.partition(".")
    if column == "body":
        template = sections.template(str((one.then or one.now or {}).get("template", "")))
        return next((part.title for part in template.sections if part.key == key), label_of(key))
    if column == "directory" or (column == "details" and one.model is Client):
        return about.LABELS.get(key) or label_of(key)
    name = key or column
    return LABELS.get(name) or about.LABELS.get(name) or label_of(name)


def _words(what: str, one: Rebuilt, held: Values) -> tuple[str, str, str]:
    """Return (list it belongs to, title, words beneath) of a row in one of its states."""
    content = held.get("content") or {}
    if what == "item":
        kind = Item.Kind(getattr(one.row, "kind", Item.Kind.CONDITION))
        entry = CONTENTS[kind].of(content)
        words = [span(entry.start, entry.end), *words_of(entry), entry.status]
        return str(kind.label), entry.name or ONE[kind], " · ".join(word for word in words if word)
    if what == "note":
        title = held.get("title") or sections.template(str(held.get("template", ""))).title
        signed = "Signed" if held.get("state") == Note.State.SIGNED else "Not signed"
        return "Notes", title, f"{held.get('author_name') or 'An unknown author'} · {signed}"
    if what == "document":
        return "Documents", content.get("title") or content.get("name") or "Document", content.get("name", "")
    if what == "alert":
        kind_words = Alert.KINDS.get(content.get("kind", ""), "Alert")
        return "Alerts", kind_words, content.get("text") or held.get("desk_text") or ""
    if what == "person":
        details = held.get("details") or {}
        return "People", details.get("name") or "(no name)", about.role_words(details.get("role", ""))
    if what == "amendment":
        return (
            "Amendments",
            f"Amendment by {held.get('author_name') or 'an unknown author'}",
            held.get("text") or "",
        )
    return "Card", "Card", ""


# What may be put back -----------------------------------------------------------------------------------------------


def may_put_back(actor: Actor, what: str, one: Rebuilt) -> bool:
    """Whether this actor may put something of a row back: the right to it, and the right to write it by hand."""
    if not actor.holds(Records.RESTORE) or actor.is_preview:
        return False
    if what in {"card", "person", "alert"}:
        return actor.holds(Clients.EDIT)
    if what == "item":
        return actor.holds(Records.EDIT)
    if what == "document":
        return actor.holds(Records.DELETE)
    # A signed note never changes, and an amendment neither.
    is_signed = isinstance(one.row, Note) and one.row.is_signed
    return what == "note" and actor.holds(Records.CREATE) and not is_signed


def is_open_to_putting_back(what: str, path: str) -> bool:
    """Whether one field of such a row can be put back by itself."""
    column = path.partition(".")[0]
    return {
        "card": column in {"directory", "details"}, "person": column == "details", "alert": path == "ends_on",
        "item": column == "content", "note": column in {"title", "body"},
    }.get(what, False)  # fmt: skip
