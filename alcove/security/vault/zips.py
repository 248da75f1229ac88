"""A file that leaves the house: a ZIP archive encrypted with AES-256 under a passphrase, which common tools open.

The format is WinZip's AE-2 ("AES Encryption Information", version 1.04), which 7-Zip, WinZip, libarchive and macOS
tools read. Its key derivation (PBKDF2-HMAC-SHA-1, 1,000 rounds) is too weak for words people choose, so passphrases
come from ``new_passphrase`` only: 150 random bits that nobody guesses, whatever the derivation. What the archive's
outside tells: names and sizes of the files in it, nothing of their content.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import struct
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 signs that nobody mixes up when copying by hand: no l, o, 0, 1."""
GROUPS, GROUP_LENGTH = 6, 5
_SALT, _KEY, _CHECK, _TAG, _BLOCK = 16, 32, 2, 10, 16
_ROUNDS = 1_000
_NEEDED, _ENCRYPTED_UTF8, _AES, _DEFLATED = 51, 0x0801, 99, 8
_EXTRA = struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, _DEFLATED)
"""Says: AE-2, AES-256, deflated inside."""


def new_passphrase() -> str:
    """Return 30 random signs in groups of five, to be read out or typed."""
    signs = [secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP_LENGTH)]
    return "-".join("".join(signs[at : at + GROUP_LENGTH]) for at in range(0, len(signs), GROUP_LENGTH))


def sealed_zip(passphrase: str, files: Mapping[str, bytes], made_at: datetime) -> bytes:
    """Return the archive with these files (name, content), each under 4 GiB, encrypted under ``passphrase``."""
    stamp = _stamp(made_at)
    body, directory = bytearray(), bytearray()
    for name, content in files.items():
        held = _encrypted(passphrase, _deflated(content))
        encoded = name.encode()
        # AE-2 leaves the checksum empty: it would tell what short files say.
        what = struct.pack("<HHHIIIIHH", _NEEDED, _ENCRYPTED_UTF8, _AES, stamp, 0, len(held), len(content),
                           len(encoded), len(_EXTRA))  # fmt: skip
        directory += b"PK\x01\x02" + struct.pack("<H", _NEEDED) + what
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + encoded + _EXTRA
        body += b"PK\x03\x04" + what + encoded + _EXTRA + held
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, len(files), len(files), len(directory), len(body), 0)
    return bytes(body + directory + end)


def _stamp(moment: datetime) -> int:
    """Return date and time as MS-DOS wrote them: even seconds, years from 1980."""
    day = (moment.year - 1980) << 9 | moment.month << 5 | moment.day
    return day << 16 | moment.hour << 11 | moment.minute << 5 | moment.second // 2


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


def _encrypted(passphrase: str, content: bytes) -> bytes:
    salt = os.urandom(_SALT)
    derived = hashlib.pbkdf2_hmac("sha1", passphrase.encode(), salt, _ROUNDS, 2 * _KEY + _CHECK)
    held = _counted(derived[:_KEY], content)
    tag = hmac.digest(derived[_KEY : 2 * _KEY], held, "sha1")[:_TAG]
    return salt + derived[-_CHECK:] + held + tag


def _counted(key: bytes, content: bytes) -> bytes:
    """Return ``content`` under AES in counter mode as this format counts: little endian, from 1.

    The library counts big endian only, so the counters are made here and encrypted block by block.
    """
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - the key stream of counter mode
    found, step = bytearray(), 4096 * _BLOCK
    for at in range(0, len(content), step):
        part = content[at : at + step]
        first = at // _BLOCK + 1
        counters = range(first, first + -(-len(part) // _BLOCK))
        stream = cipher.update(b"".join(one.to_bytes(_BLOCK, "little") for one in counters))[: len(part)]
        mixed = int.from_bytes(part, "big") ^ int.from_bytes(stream, "big")
        found += mixed.to_bytes(len(part), "big")
    return bytes(found)
