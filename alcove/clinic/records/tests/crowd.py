"""Marking an entry while others write, on a real database: ``python -m alcove.clinic.records.tests.crowd [URL]``.

A process of its own, because the suite's in-memory SQLite cannot be shared by threads. Prints one JSON line.
"""

from __future__ import annotations

import json
import sys

from bench import scratch

ROUNDS = 6


def left(rows):
    """How many values of these rows, and of their versions, are where the record's key reaches."""
    from alcove.clinic.records.models import Amendment
    from alcove.clinic.records.tests.hiding import opens_under_the_record
    from alcove.security.access.models import Version

    ids = [one.pk for one in rows]
    amendments = list(Amendment.everything.filter(note_id__in=ids))
    ids += [one.pk for one in amendments]
    every = [*rows, *amendments, *Version.everything.filter(object_id__in=ids)]
    return sum(len(opens_under_the_record(one)) for one in every)


def marked_while(people, client, make_row, write):
    """Mark a row as the nurse while the doctor writes it; return outcomes and what was left."""
    from alcove.clinic.records.tests import make
    from alcove.clinic.records.tests.hiding import mark
    from alcove.security.identity.tests.crowd import at_once

    outcomes, left_behind = [], 0
    for _ in range(ROUNDS):
        with make.opened(people[0], client):
            row = make_row()

        def deed(n, row=row):
            with make.opened(people[n], client):
                found = type(row).objects.get(pk=row.pk)
                (mark, write)[n](people[n], found)
            return ("marked", "written")[n]

        outcomes.append(sorted(at_once(2, deed)))
        now = type(row).everything.get(pk=row.pk)
        left_behind += left([now]) if now.is_sensitive else 0
    return outcomes, left_behind


def main(url=""):
    founded = scratch.practice(url)
    from alcove.clinic.clients.actions import create_client
    from alcove.clinic.records import actions
    from alcove.clinic.records.models import Item, Note
    from alcove.clinic.records.tests import make
    from alcove.clinic.records.tests.hiding import mark
    from alcove.project.prove.ground import Practice
    from alcove.security.access import keys
    from alcove.security.identity.tests.crowd import at_once
    from alcove.security.vault.models import EntryKey

    practice = Practice.of(founded)
    people = nurse, _ = practice.actor("practitioner"), practice.actor("prescriber")
    client = create_client(practice.actor("owner"), directory={"given": "At", "family": "Once"})

    def anxiety():
        return make.item(nurse, client, "condition", name="Anxiety")

    def note():
        return make.signed(nurse, client)

    def change(who, row):
        actions.change_item(who, row, entry=row.entry.of({"name": "Anxiety, severe"}))

    def amend(who, row):
        actions.amend_note(who, row, text="Also this", reason="Forgot to write it")

    def rekey(who, row):
        keys.replace_client_key(who.operator("test"), client.id)

    said = {
        "changed": marked_while(people, client, anxiety, change),
        "struck": marked_while(people, client, anxiety, actions.strike_item),
        "amended": marked_while(people, client, note, amend),
        "rekeyed": marked_while(people, client, note, rekey),
    }
    with make.opened(nurse, client):
        row = anxiety()

    def twice(_):
        with make.opened(nurse, client):
            mark(nurse, Item.objects.get(pk=row.pk))
        return "marked"

    before = EntryKey.objects.count()
    said["twice"] = sorted(at_once(4, twice))
    said["keys"] = EntryKey.objects.count() - before
    with make.opened(nurse, client):
        said["opens"] = all(one.content for one in Item.objects.all()) and all(
            one.body for one in Note.objects.all()
        )
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
