"""Cuts the two typefaces to the letters our languages need: `python -m alcove.ui.fonts DIR`.

The wheels carry whole variable fonts of about a megabyte. A page needs the Latin letters and one weight axis.
"""

import importlib
import sys
from pathlib import Path

from fontTools import subset  # type: ignore[import-untyped, unused-ignore]  # carries no types
from fontTools.ttLib import TTFont  # type: ignore[import-untyped, unused-ignore]  # carries no types
from fontTools.varLib import instancer  # type: ignore[import-untyped, unused-ignore]  # carries no types

# Latin with its extensions (Vietnamese too, for names), the punctuation and currency signs of those
# languages, arrows and the mathematical signs a dose or a price may need.
LETTERS = (
    "U+0000-00FF,U+0100-017F,U+0192,U+01A0-01A1,U+01AF-01B0,U+01CD-01DC,U+0218-021B,U+02BB-02BC,U+02C6-02C7,U+02D8-02DD,"
    "U+0300-0304,U+0306-0309,U+030A-030C,U+0323,U+0327-0328,U+1E80-1E85,U+1E9E,U+1EA0-1EF9,U+2000-200B,U+2010-2015,"
    "U+2018-201E,U+2020-2022,U+2026,U+202F-2030,U+2032-2033,U+2039-203A,U+2044,U+2070,U+2074-2079,U+2080-2089,U+20AC,"
    "U+20A6,U+20B9-20BA,U+20BD,U+20BF,U+20AA-20AB,U+2116,U+2122,U+2126,U+2153-2154,U+215B-215E,U+2190-2193,U+2212,"
    "U+2215,U+2248,U+2260,U+2264-2265,U+FEFF,U+FFFD"
)
FEATURES = ["kern", "liga", "calt", "ccmp", "locl", "mark", "mkmk", "tnum", "lnum", "pnum", "cv05", "ss03"]

Axes = dict[str, float | tuple[float, float]]

# File made: module of the wheel, start of the font's file name, and how far each axis may still vary.
FACES: dict[str, tuple[str, str, Axes]] = {
    "inter.woff2": ("fontpkg_inter", "Inter", {"opsz": 14, "wght": (400, 700)}),
    "newsreader.woff2": ("fontpkg_newsreader", "Newsreader", {"opsz": 24, "wght": (400, 600)}),
}


def cut(folder: Path) -> list[Path]:
    """Make what is missing in `folder`; returns the files made now."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [folder / name for name in FACES if not (folder / name).is_file()]
    for target in missing:
        _cut_one(target)
    return missing


def _source(module: str, start: str) -> Path:
    root = Path(str(importlib.import_module(module).__file__)).parent
    upright = sorted(path for path in root.rglob(f"{start}*.ttf") if "Italic" not in path.name)
    return next((path for path in upright if "[" in path.name), upright[0])


def _cut_one(target: Path) -> None:
    module, start, held = FACES[target.name]
    options = subset.Options()
    options.layout_features = FEATURES
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]  # the licence and its names stay in the file
    font = TTFont(_source(module, start))
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=subset.parse_unicodes(LETTERS))
    cutter.subset(font)
    present = {axis.axisTag for axis in font["fvar"].axes}
    font = instancer.instantiateVariableFont(font, {tag: at for tag, at in held.items() if tag in present})
    font.flavor = "woff2"
    # A half-written font must never be taken for a finished one.
    unfinished = target.with_suffix(".part")
    font.save(str(unfinished))
    unfinished.replace(target)


def main(arguments: list[str]) -> int:
    """The command line: one argument, the folder."""
    if len(arguments) != 1:
        sys.stderr.write("Usage: python -m alcove.ui.fonts DIR\n")
        return 2
    for made in cut(Path(arguments[0])):
        sys.stdout.write(f"{made.name}: {made.stat().st_size / 1000:.1f} kB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
