"""Every import contract of pyproject.toml is seen red: a copy of the program gets one forbidden import for each."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.rules import ROOT

pytestmark = pytest.mark.source

CONTRACTS = {
    item["id"]: item["name"]
    for item in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
}

FAULTS = [
    # contract, file that gets it, what it imports, what the linter must say
    ("floors", "clinic/practice/models.py", "alcove.compliance", "alcove.clinic.practice.models -> alcove.compliance"),
    ("floors", "security/jobs/queue.py", "alcove.clinic.practice.policy", "alcove.security.jobs.queue -> alcove.clinic"),
    ("floors", "console.py", "alcove.config", "alcove.console -> alcove.config"),
    ("floors", "probe.py", "alcove.config", "alcove.probe -> alcove.config"),
    ("floors", "tools.py", "", "alcove.tools"),
    ("kernel", "security/vault/ids.py", "alcove.security.audit.events", "alcove.security.vault.ids -> alcove.security.audit"),
    ("kernel", "security/secrets.py", "", "alcove.security.secrets"),
    ("clinic", "clinic/clients/policy.py", "alcove.clinic.records.policy", "alcove.clinic.clients.policy -> alcove.clinic.rec"),
    ("clinic", "clinic/extras.py", "", "alcove.clinic.extras"),
    ("rooms", "clinic/records/policy.py", "alcove.clinic.records.models", "records.policy -> alcove.clinic.records.models"),
    ("rooms", "clinic/clients/actions/cards.py", "alcove.clinic.clients.forms", "clients.actions.cards -> alcove.clinic.clients.forms"),
    ("rooms", "compliance/queries/log.py", "alcove.compliance.views", "alcove.compliance.queries.log -> alcove.compliance.views"),
    ("rooms", "clinic/practice/utils.py", "", "alcove.clinic.practice.utils"),
    ("identity", "security/identity/models.py", "alcove.security.identity.tokens", "identity.models -> alcove.security.identi"),
    ("ui", "ui/moments.py", "alcove.config", "alcove.ui.moments -> alcove.config"),
    ("cryptography", "project/health.py", "cryptography", "alcove.project.health -> cryptography"),
    ("pen", "clinic/clients/models.py", "alcove.security.audit.pen", "alcove.clinic.clients.models -> alcove.security.audit"),
    ("tests", "project/logs.py", "alcove.security.identity.tests.samples", "alcove.project.logs -> alcove.security.identity.te"),
]  # fmt: skip


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Plant all faults in a copy, run the linter once, return what it says by contract, in one line each."""
    copy = tmp_path_factory.mktemp("planted")
    skip = shutil.ignore_patterns("__pycache__", "static", "templates")
    shutil.copytree(ROOT / "alcove", copy / "alcove", ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", copy)
    for _, path, module, _ in FAULTS:
        file = copy / "alcove" / path
        before = file.read_text("utf-8") if file.exists() else ""
        file.write_text(before + (f"\nimport {module}\n" if module else ""), "utf-8")
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=copy, env=os.environ | {"PYTHONPATH": str(copy), "COLUMNS": "400"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    said = done.stdout.partition("\nBroken contracts\n")[2]
    parts = re.split(r"\n+(.+)\n-{4,}(?:\n-+)*\n", said)
    return {name.strip(): " ".join(text.split()) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize(("contract", "path", "module", "said"), FAULTS)
def test_a_forbidden_import_breaks_its_contract(findings, contract, path, module, said):
    assert said in findings.get(CONTRACTS[contract], ""), f"{module or path} was let through"


def test_every_contract_is_seen_red():
    assert {contract for contract, *_ in FAULTS} == set(CONTRACTS)


def test_every_area_is_under_the_contract_of_rooms():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    rooms = next(item for item in contracts if item["id"] == "rooms")
    areas = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for place in (
            "alcove/clinic/*/apps.py",
            "alcove/compliance/apps.py",
            "alcove/compliance/*/apps.py",
            "alcove/portal/apps.py",
        )
        for path in ROOT.glob(place)
    }
    assert areas == set(rooms["containers"])
