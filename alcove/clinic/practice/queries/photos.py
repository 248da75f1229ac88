"""Staff photos: whatever was sent becomes a small JPEG of our own making; nothing of the file itself is kept.

What must never happen: a picture leaves here with what a camera wrote into it (place, time, owner), or a small file
unfolds into gigabytes of memory.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from PIL import Image, ImageOps

from alcove.security import policy_defaults as policy

FORMATS = ("JPEG", "PNG", "WEBP")
SIDE = 320
"""Pixels of the square that is kept."""
TOO_MANY = "This picture has too many pixels. Make it smaller first."
_QUALITY = 84


class NoPicture(ValueError):
    """This is no picture we can use; the text says why."""


def small_jpeg(file: BinaryIO) -> bytes:
    """Return a picture as an upright square JPEG without metadata; raise ``NoPicture``."""
    try:
        with Image.open(file, formats=FORMATS) as opened:
            _must_be_small(opened)
            return _squared(ImageOps.exif_transpose(opened))
    except Image.DecompressionBombError:
        raise NoPicture(TOO_MANY) from None
    except NoPicture:
        raise
    except (OSError, ValueError, SyntaxError):
        # Pillow raises SyntaxError for a PNG that is broken inside.
        raise NoPicture("This is no picture we can read. Send a JPEG, PNG or WebP.") from None


def _must_be_small(opened: Image.Image) -> None:
    """Refuse a picture before anything is unfolded: opening read its size alone."""
    if opened.width * opened.height > policy.PHOTO_PIXELS:
        raise NoPicture(TOO_MANY)


def _squared(upright: Image.Image) -> bytes:
    ground = Image.new("RGB", upright.size, "white")
    solid = upright.convert("RGBA")
    ground.paste(solid, mask=solid)
    square = ImageOps.fit(ground, (SIDE, SIDE))
    # A new image carries no EXIF, no colour profile, no comment: only its pixels are written.
    square.info = {}
    made = io.BytesIO()
    square.save(made, "JPEG", quality=_QUALITY, optimize=True)
    return made.getvalue()
