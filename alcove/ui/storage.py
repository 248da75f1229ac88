"""Static files under names that carry their hash, so a browser may keep them for ever, and without their comments.

The setting: `STORAGES = {"staticfiles": {"BACKEND": "alcove.ui.storage.HashedStaticFiles"}}`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from django.core.files.base import ContentFile
from rcssmin import cssmin  # type: ignore[import-untyped, unused-ignore]  # carries no types
from rjsmin import jsmin  # type: ignore[import-untyped, unused-ignore]  # as above
from whitenoise.storage import (  # type: ignore[import-untyped, unused-ignore]  # carries no types
    CompressedManifestStaticFilesStorage,
)

_kind, _patterns = CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns  # noqa: SLF001 - the library has no public name for it


def _pattern(entry: Any) -> str:
    return str(entry if isinstance(entry, str) else entry[0])


SMALLER: dict[str, Callable[[str], str]] = {".css": cssmin, ".js": jsmin}
"""Suffix: what takes out of such a file what only its readers need. Files called ``.min`` are as small as they get."""


class _Smaller:
    """A source of static files that gives them as a browser gets them."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def open(self, name: str) -> ContentFile[bytes]:
        path = PurePath(name)
        with self._source.open(name) as file:
            held: bytes = file.read()
        if path.suffix in SMALLER and ".min" not in path.suffixes:
            held = SMALLER[path.suffix](held.decode()).encode()
        return ContentFile(held, name=name)


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc, unused-ignore]  # as above
    """Rewrites `import … from "./x.js"` and `import("./x.js")` in our modules to the hashed names."""

    support_js_module_import_aggregation = True
    # Django would also rewrite `import("htmx")` in a comment of the htmx wheel and stop, for there is no such
    # file. Of such calls only those that name a file beside are meant.
    _js_module_import_aggregation_patterns = (
        _kind,
        (
            *(entry for entry in _patterns if r"import\(" not in _pattern(entry)),
            (r"""(?P<matched>import\(["'](?P<url>\./[\w-]+\.js)["']\))""", """import("%(url)s")"""),
        ),
    )

    def post_process(self, paths: dict[str, Any], *args: Any, **options: Any) -> Any:
        small = {name: (_Smaller(source), path) for name, (source, path) in paths.items()}
        yield from super().post_process(small, *args, **options)

    _urls: dict[str, str]
    _urls_of: object = None

    def url(self, name: str, force: bool = False) -> str:  # noqa: FBT001, FBT002 - Django's signature
        """Return the address of a file, looked up once for as long as the hashes stay: each page asks a dozen times."""
        if self._urls_of is not self.hashed_files:
            self._urls, self._urls_of = {}, self.hashed_files
        if name not in self._urls or force:
            found: str = super().url(name, force)
            if force:
                return found
            self._urls[name] = found
        return self._urls[name]
