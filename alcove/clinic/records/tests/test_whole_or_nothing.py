"""A killed process and two presses at one moment, on a database that outlives the process: a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SETUP = """
import json, os, signal, threading
from pathlib import Path
from alcove.config import load
config = load()
for folder in (config.home, config.keys, config.temporary, config.files):
    folder.mkdir(parents=True, exist_ok=True)
config.web_secret_file.write_text("only for this test")
os.environ["DJANGO_SETTINGS_MODULE"] = "alcove.project.settings"
import django
django.setup()
from django.core.management import call_command
from django.db import connection, connections
from alcove.project import founding, urls
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict
from alcove.security.access.models import Version
from alcove.security.access.writes import writing
from alcove.security.audit import chain, pen
from alcove.security.audit.models import Entry
from alcove.clinic.clients.actions import create_client
from alcove.clinic.records import actions
from alcove.clinic.records.models import Document, Note
from alcove.clinic.records.tests import make
with writing("migrate"):
    call_command("migrate", verbosity=0)
founding.found(config, practice="Test", owner_email="owner@clinic.example")
who = Actor.operator("test")
client = create_client(who, directory={"given": "Kill", "family": "Switch"})
with make.opened(who, client):
    note = make.draft(who, client)
said = {}
def killed(deed):
    connection.close()
    child = os.fork()
    if child == 0:
        pen.write = lambda drafts: os.kill(os.getpid(), signal.SIGKILL)
        with make.opened(who, client):
            deed()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])
"""

KILLED = (
    SETUP
    + """
said["signing"] = killed(lambda: actions.sign_note(who, Note.objects.get(pk=note.pk)))
said["adding"] = killed(lambda: make.document(who, client))
with make.opened(who, client):
    held = Note.objects.get(pk=note.pk)
    said["note"] = [held.state, held.body, held.signature]
said["entries"] = Entry.objects.filter(event__in=["records.note.signed", "records.document.added"]).count()
said["versions"] = Version.objects.filter(event="records.note.signed").count()
said["documents"] = Document.objects.count()
said["log holds"] = chain.verify().holds
with make.opened(who, client):
    actions.sign_note(who, Note.objects.get(pk=note.pk))
    said["signed after"] = Note.objects.get(pk=note.pk).state
print(json.dumps(said))
"""
)

PRESSED = (
    SETUP
    + """
results, ready = [], threading.Barrier(4)
def press():
    try:
        with make.opened(who, client):
            found = Note.objects.get(pk=note.pk)
            ready.wait(20)
            actions.sign_note(who, found)
        results.append("signed")
    except Conflict:
        results.append("conflict")
    finally:
        connections.close_all()
threads = [threading.Thread(target=press) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join(300) for thread in threads]
said["results"] = sorted(results)
said["entries"] = Entry.objects.filter(event="records.note.signed").count()
print(json.dumps(said))
"""
)


def run(script: str, home: Path) -> dict[str, object]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ALCOVE_", "DJANGO_"))}
    root = Path(__file__).resolve().parents[4]
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=kept | {"ALCOVE_HOME": str(home)},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_a_process_killed_in_the_middle_of_a_write_leaves_nothing(tmp_path):
    said = run(KILLED, tmp_path / "home")
    assert said["signing"]
    assert said["adding"]
    assert said["note"] == ["draft", {"text": "Skin calm, no swelling."}, ""]
    assert (said["entries"], said["versions"], said["documents"]) == (0, 0, 0)
    assert said["log holds"]
    assert said["signed after"] == "signed"


def test_four_presses_at_one_moment_sign_once(tmp_path):
    said = run(PRESSED, tmp_path / "home")
    assert said["results"] == ["conflict", "conflict", "conflict", "signed"]
    assert said["entries"] == 1
