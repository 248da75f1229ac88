"""Releases and news made for tests, signed by keys of their own."""

from __future__ import annotations

import hashlib
import json
import zipfile

from alcove.operations.releases import folder
from alcove.security.vault import minisign

SECRET = minisign.written(bytes(range(32)), b"alcove-1")
OTHER = minisign.written(bytes(range(1, 33)), b"alcove-2")
KEY, OTHERS_KEY = minisign.public_of(SECRET), minisign.public_of(OTHER)


def release(where, version="9.1.0", secret=SECRET, program=None, **said):
    """A small release in a folder: a program of a few files, a lock, and the manifest."""
    where.mkdir(exist_ok=True)
    with zipfile.ZipFile(where / f"alcove-{version}-py3-none-any.whl", "w") as held:
        for name, text in (program or {"alcove/__init__.py": "", "alcove/one.py": "ONE = 1\n"}).items():
            held.writestr(name, text)
    (where / "requirements.lock").write_text("anyascii==0.3.3\n")
    resign(where, secret, version=version, **said)
    return where


def resign(where, secret=SECRET, **said):
    """Write the manifest of what lies there, and sign it."""
    files = {
        one.name: {"sha256": hashlib.sha256(one.read_bytes()).hexdigest(), "size": one.stat().st_size}
        for one in where.iterdir()
        if not one.name.startswith(folder.MANIFEST)
    }
    document = {
        "kind": folder.KIND, "version": "9.1.0", "commit": "c" * 40, "made_at": "2026-11-01T08:00:00+00:00",
        "upgrades_from": "0.1.0", "files": files,
    } | said  # fmt: skip
    raw = json.dumps(document).encode()
    (where / folder.MANIFEST).write_bytes(raw)
    (where / folder.SIGNATURE).write_text(minisign.sign(raw, secret, "alcove release"))


AT = "2026-11-01T08:00:00+00:00"


def newer(version="9.1.0", **said):
    """A release as the news tells it."""
    return {"version": version, "on": "2026-10-30", "summary": "Quicker lists.", "is_security": False} | said


def weak(component="django", **said):
    """A weakness as the news tells it."""
    return {
        "id": "CVE-2026-0001", "component": component, "affects": ">=1", "severity": "high", "on": "2026-10-01",
        "summary": "Made up for a test.", "fixed_in": "",
    } | said  # fmt: skip


def news(releases=(), weaknesses=(), secret=SECRET, **said):
    """Signed news: its bytes, and its signature."""
    document = {
        "kind": "alcove news", "made_at": AT, "releases": list(releases), "weaknesses": list(weaknesses),
    } | said  # fmt: skip
    raw = json.dumps(document).encode()
    return raw, minisign.sign(raw, secret, "alcove news")
