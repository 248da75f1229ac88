"""What kind of file some bytes are. Only these are taken; the bytes decide, never the name or the browser's word.

Kinds: PDF, PNG, JPEG, GIF, WebP, DICOM and plain text. None of them is ever shown by the server: a document leaves
as a download with a fixed type, ``nosniff`` and a sandbox, so active content inside a PDF or behind a picture is
inert here. HTML, SVG, XML, scripts, archives, programs and anything that pretends to be another kind are refused.
What must never happen: bytes of a kind not listed here are stored (``tests/test_documents.py``).
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from alcove.security import policy_defaults as policy

KINDS: Final = {
    "application/pdf": ("PDF", "pdf", {"pdf"}),
    "image/png": ("PNG picture", "png", {"png", "jpg", "jpeg", "gif", "webp"}),
    "image/jpeg": ("JPEG picture", "jpg", {"jpg", "jpeg", "jpe", "jfif", "png", "gif", "webp"}),
    "image/gif": ("GIF picture", "gif", {"gif", "png", "jpg", "jpeg", "webp"}),
    "image/webp": ("WebP picture", "webp", {"webp", "jpg", "jpeg", "png", "gif"}),
    "application/dicom": ("DICOM image", "dcm", {"dcm", "dicom", "dic"}),
    "text/plain": ("Plain text", "txt", {"txt", "text", "log", "csv", "md", "asc"}),
}
"""Media type: (what people read, extension of the download, extensions an upload may have). A picture under another
picture's extension is harmless and common, so pictures may be misnamed among themselves."""

NOT_TAKEN: Final = "This kind of file is not taken. Use PDF, PNG, JPEG, GIF, WebP, DICOM or plain text."
_MARKUP: Final = re.compile(
    rb"<\s*(?:!doctype|html|script|svg|iframe|object|embed|body|head|math|style|link|meta|base|form)\b"
    rb"|<\?(?:xml|php)|<!(?:--|entity|\[cdata\[)|javascript\s*:|^\s*(?:#!|%!ps|@echo\b|\{\\rtf)",
    re.IGNORECASE,
)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_DICOM_PREAMBLE: Final = 128


class MediaRefused(ValueError):
    """The file is not taken; the text is the sentence beside the field."""


def shown(kind: str) -> str:
    """Return a media type as people read it."""
    return KINDS[kind][0] if kind in KINDS else "File"


def extension(kind: str) -> str:
    """Return the extension a download of this type gets; ``bin`` for one that is not ours."""
    return KINDS[kind][1] if kind in KINDS else "bin"


def media_type(data: bytes, name: str = "") -> str:
    """Return the media type of a whole file; raise ``MediaRefused`` with the sentence to show."""
    if not data:
        raise MediaRefused("This file is empty. Choose another one.")
    if len(data) > policy.UPLOAD_MAX_BYTES:
        raise MediaRefused(too_large())
    kind = _picture(data) or _pdf(data) or _dicom(data) or _text(data)
    if kind is None:
        raise MediaRefused(NOT_TAKEN)
    ending = PurePosixPath(name.replace("\\", "/")).suffix.lower().lstrip(".")
    if ending and ending not in KINDS[kind][2]:
        raise MediaRefused(
            f"This file is a {shown(kind)} but its name ends otherwise. Give it its right ending."
        )
    return kind


def too_large() -> str:
    """Return the sentence for a file over the limit."""
    return f"Files up to {policy.UPLOAD_MAX_BYTES // (1024 * 1024)} MB are taken; this one is larger."


def _picture(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def _pdf(data: bytes) -> str | None:
    # Readers look for the mark within the first kilobyte; here it must stand first, so nothing hides before it.
    return "application/pdf" if re.match(rb"%PDF-[12]\.\d", data) else None


def _dicom(data: bytes) -> str | None:
    if data[_DICOM_PREAMBLE : _DICOM_PREAMBLE + 4] != b"DICM":
        return None
    # The preamble is free, so a program can hide in it (CVE-2019-11687): zeros or a TIFF head and nothing else.
    preamble = data[:_DICOM_PREAMBLE]
    return "application/dicom" if not preamble.strip(b"\0") or preamble[:4] in {b"II*\0", b"MM\0*"} else None


def _text(data: bytes) -> str | None:
    if _CONTROL.search(data) or _MARKUP.search(data):
        return None
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return "text/plain"
