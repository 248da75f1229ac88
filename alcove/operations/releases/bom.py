"""The bill of materials in CycloneDX 1.6: of a release from its lock file, of an installation from what is installed.

Only the fields the published schema asks for and those a reader looks at: type, name, version, purl, licence, and where
a lock file names them the digests of every file a package may be installed from.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from packaging.utils import canonicalize_name

SPEC: Final = "1.6"
_PIN: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)")
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_EXPRESSION: Final = re.compile(r"^[A-Za-z0-9.+() -]+$")
_LONGEST: Final = 80
"""Some packages give the whole text where the licence's name belongs."""
_OWN: Final = "alcove"


@dataclass(frozen=True, slots=True)
class Component:
    """A package. ``licence`` as it says itself, "" if it does not; ``is_expression``: whether that is SPDX's form."""

    name: str
    version: str
    licence: str = ""
    is_expression: bool = False
    digests: tuple[str, ...] = ()

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{canonicalize_name(self.name)}@{self.version}"


def locked(text: str) -> list[Component]:
    """Return the packages a lock file pins, with the digests it accepts; licences as far as they are installed here."""
    found: dict[str, tuple[str, list[str]]] = {}
    name = ""
    for line in text.splitlines():
        if pin := _PIN.match(line):
            name = canonicalize_name(pin[1])
            # One name may be pinned twice, for two versions of Python.
            found[f"{name} {pin[2]}"] = (pin[2], [])
            name = f"{name} {pin[2]}"
        elif name and (digest := _HASH.search(line)):
            found[name][1].append(digest[1])
    return [
        Component(key.partition(" ")[0], version, *_licence(key.partition(" ")[0]), tuple(digests))
        for key, (version, digests) in sorted(found.items())
    ]


def installed() -> list[Component]:
    """Return every package that is installed beside the running program: all of them could be imported by it."""
    here: dict[str, Component] = {}
    for one in importlib.metadata.distributions():
        said = one.metadata
        name = canonicalize_name(said["Name"] or "")
        if name and name != _OWN:
            # The first on the path is the one that is imported.
            here.setdefault(name, Component(name, one.version, *_of(said)))
    return [here[name] for name in sorted(here)]


def _licence(name: str) -> tuple[str, bool]:
    try:
        return _of(importlib.metadata.metadata(name))
    except importlib.metadata.PackageNotFoundError:
        return "", False


def _of(said: Any) -> tuple[str, bool]:
    """Return a package's licence and whether it is written as an SPDX expression."""
    expression = (said.get("License-Expression") or "").strip()
    if expression and _EXPRESSION.match(expression):
        return expression, True
    words = [
        one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or () if one.startswith("License :: ")
    ]
    named = ", ".join(word for word in words if word != "OSI Approved")
    text = (said.get("License") or "").strip()
    return named or (text if len(text) <= _LONGEST and "\n" not in text else ""), False


def bill(version: str, made_at: str, components: Sequence[Component]) -> dict[str, Any]:
    """Return a bill of materials. ``made_at``: RFC 3339; the same components and moment give the same document."""
    own = f"pkg:pypi/{_OWN}@{version}"
    parts = list(_parts(components))
    serial = uuid5(NAMESPACE_URL, f"{own} {made_at} {[one.purl for one in components]}")
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": made_at,
            "component": {
                "type": "application", "bom-ref": own, "name": _OWN, "version": version, "purl": own,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": parts,
        "dependencies": [{"ref": own, "dependsOn": [one["bom-ref"] for one in parts]}],
    }  # fmt: skip


def _parts(components: Sequence[Component]) -> Iterator[dict[str, Any]]:
    for one in components:
        part: dict[str, Any] = {
            "type": "library", "bom-ref": one.purl, "name": one.name, "version": one.version, "purl": one.purl,
        }  # fmt: skip
        if one.licence:
            part["licenses"] = [
                {"expression": one.licence} if one.is_expression else {"license": {"name": one.licence}}
            ]
        if one.digests:
            # A component's own "hashes" are of one file; a lock file accepts any of several.
            part["externalReferences"] = [{
                "type": "distribution",
                "url": f"https://pypi.org/project/{one.name}/{one.version}/",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in one.digests],
            }]  # fmt: skip
        yield part
