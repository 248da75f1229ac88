"""Several at one moment with one code, on a real database: ``python -m alcove.security.identity.tests.crowd [URL]``.

A process of its own, because the suite's in-memory SQLite cannot be shared by threads. Prints one JSON line.
"""

from __future__ import annotations

import json
import sys
import threading

from bench import scratch


def at_once(number, deed):
    """Run ``deed(n)`` in so many threads at one moment; return what each gave, or the name of what it raised."""
    from django.db import connections

    found, gate = [], threading.Barrier(number)

    def run(n):
        gate.wait(timeout=300)
        try:
            found.append(deed(n))
        except Exception as error:
            found.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    return found


def main(url=""):
    founded = scratch.practice(url, ALCOVE_SMS_URL="log://")
    from django.utils import timezone

    from alcove.security.access.actors import Actor
    from alcove.security.access.writes import writing
    from alcove.security.identity import actions
    from alcove.security.identity.actions import sent_codes
    from alcove.security.identity.models import Notice, Person, SentCode, Session
    from alcove.security.identity.tests.test_sent_codes import PHONE, door, sent, stage_for

    def person(number):
        made = actions.add_person(
            Actor.operator("test"),
            email=f"p{number}@clinic.example",
            name="P",
            roles=[founded.roles["practitioner"]],
        )
        with writing("test"):
            Person.objects.filter(pk=made.pk).update(phone=PHONE, phone_confirmed_at=timezone.now())
        return Person.objects.get(pk=made.pk)

    said = {}
    nurse = person(1)
    stage = stage_for(nurse)
    code = sent(nurse, stage)
    said["entered"] = at_once(4, lambda _: bool(actions.finish_sign_in(door(nurse), stage, code)))
    said["sessions"] = Session.objects.filter(person=nurse).count()

    nurse = person(2)
    stage = stage_for(nurse)
    code = sent(nurse, stage)
    wrong = [f"{(int(code) + n + 1) % 10**6:06}" for n in range(12)]
    said["guesses"] = at_once(12, lambda n: bool(actions.finish_sign_in(door(nurse), stage, wrong[n])))
    said["tries"] = SentCode.objects.get(person=nurse).tries
    said["right after"] = bool(actions.finish_sign_in(door(nurse), stage, code))

    nurse = person(3)
    stage = stage_for(nurse)
    said["asked"] = at_once(6, lambda _: sent_codes.send_sign_in_code(door(nurse), stage))
    said["codes"] = SentCode.objects.filter(person=nurse).count()
    said["notices"] = Notice.objects.filter(person=nurse, channel="sms").count()
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
