"""The newest block, noted outside the database: a file beside it, and signed checkpoints to be kept elsewhere."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alcove.security.audit.models import Block
from alcove.security.audit.pen import FIRST
from alcove.security.vault import crypto
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.house import house


def _write_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.new")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def write_head(path: Path, block: Block) -> None:
    """Note the newest block outside the database, with its own code."""
    held = {
        "practice": house().id.hex,
        "block": block.number,
        "mac": bytes(block.mac).hex(),
        "entries": block.entries,
    }
    held["code"] = crypto.mac(
        house().key("audit"), b"head\0" + json.dumps(held, sort_keys=True).encode()
    ).hex()
    _write_file(path, json.dumps(held))


def _signed(held: dict[str, Any]) -> bytes:
    return b"alcove/checkpoint/1\0" + json.dumps(held, sort_keys=True).encode()


def checkpoint(places: list[Path]) -> list[Path]:
    """Write the signed head into each folder; return the files. A folder that cannot be written raises ``OSError``."""
    last = Block.objects.order_by("-number").first()
    held: dict[str, Any] = {
        "practice": house().id.hex,
        "block": last.number if last else 0,
        "mac": bytes(last.mac).hex() if last else FIRST.hex(),
        "entries": last.entries if last else 0,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "public_key": crypto.public_key(house().key("sign")).hex(),
    }
    held["signature"] = crypto.sign(house().key("sign"), _signed(held)).hex()
    name = f"checkpoint-{held['block']:012d}.json"
    files = [place / name for place in places]
    for file in files:
        _write_file(file, json.dumps(held, indent=1))
    return files


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint whose signature holds under this practice's key; raise ``SealBroken`` otherwise."""
    try:
        held = json.loads(path.read_text("utf-8"))
        signature = bytes.fromhex(held.pop("signature"))
        known = {crypto.public_key(key).hex() for key in house().versions("sign").keys.values()}
        if held["public_key"] not in known:
            raise SealBroken("the checkpoint was signed by another practice or key")
        crypto.check_signature(bytes.fromhex(held["public_key"]), _signed(held), signature)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SealBroken(f"{path} is not a checkpoint ({type(error).__name__})") from None
    return dict(held)
