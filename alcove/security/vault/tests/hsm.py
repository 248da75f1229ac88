"""A SoftHSM2 token in a temporary folder, for tests of the PKCS#11 provider."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
needed = pytest.mark.skipif(
    not (LIBRARY.exists() and shutil.which("softhsm2-util")),
    reason="SoftHSM2 is not here: install Debian's softhsm2 to test the PKCS#11 provider",
)


@dataclass(frozen=True)
class Token:
    """Where it lies and how to reach it."""

    folder: Path
    label: str = "alcove"

    @classmethod
    def make(cls, folder: Path, label: str = "alcove", pin: str = "135790") -> Token:
        (folder / "tokens").mkdir(parents=True)
        (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
        (folder / "pin").write_text(pin + "\n")
        made = cls(folder, label)
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "24681357", "--pin", pin],
            check=True, capture_output=True, env={**os.environ, **made.environment},
        )  # fmt: skip
        return made

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SOFTHSM2_CONF": str(self.folder / "softhsm2.conf"),
            "ALCOVE_PKCS11_MODULE": str(LIBRARY),
            "ALCOVE_PKCS11_TOKEN": self.label,
            "ALCOVE_PKCS11_PIN_FILE": str(self.folder / "pin"),
        }

    @property
    def settings(self) -> dict[str, object]:
        """Fields of ``Config``."""
        return {
            "key_provider": "pkcs11", "pkcs11_module": LIBRARY, "pkcs11_token": self.label,
            "pkcs11_pin_file": self.folder / "pin",
        }  # fmt: skip
