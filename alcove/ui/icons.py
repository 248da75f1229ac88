"""Icons and codes drawn as inline SVG without any style attribute, since the policy forbids those."""

from functools import cache
from importlib.resources import files
from io import BytesIO
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import segno
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

SHOWN = {"class": "ic", "width": "24", "height": "24", "aria-hidden": "true", "focusable": "false"}
"""What every icon carries; its size on the page is the style sheet's."""


@cache
def _drawings() -> ZipFile:
    # The wheel's own way reads the list of 1,700 drawings anew for each icon: seconds of a server's first pages. In
    # memory, because processes forked later would share one place in an open file.
    return ZipFile(BytesIO((files("lucide") / "lucide.zip").read_bytes()))


@cache
def icon(name: str) -> SafeString:
    """Lucide's icon of that name; an unknown name raises ``KeyError``, so a typing error shows in the first test."""
    drawing = ET.fromstring(_drawings().read(f"{name}.svg"))  # noqa: S314 - comes from the wheel, not from a person
    for part in drawing.iter():
        # Inline in HTML an element's name stands without its namespace.
        part.tag = part.tag.rpartition("}")[2]
    drawing.attrib.update(SHOWN)
    return mark_safe(ET.tostring(drawing, encoding="unicode"))  # noqa: S308 - as above


def qr(text: str, label: str) -> SafeString:
    """A QR code of `text`, black on white in both themes so that every camera reads it."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        omitsize=True, border=1, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return format_html('<div class="qr" role="img" aria-label="{}">{}</div>', label, mark_safe(drawn))  # noqa: S308 - drawn here
