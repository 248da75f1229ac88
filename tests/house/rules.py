"""The rules of the house that no ready-made tool knows: each a function from one source file to its faults.

A rule takes a ``Source`` and yields sentences, each beginning with the line. ``tests/house/test_rules.py`` shows every rule
a planted fault and a clean sample, then runs all of them over the whole program.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One file: its path from the root of the checkout, with slashes, and its text."""

    path: str
    text: str = field(repr=False)

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    @property
    def is_template(self) -> bool:
        return "/templates/" in self.path and self.path.endswith((".html", ".txt"))

    @property
    def is_test(self) -> bool:
        """Whether this is no part of the program: a test or a benchmark."""
        return "/tests/" in self.path or self.path.startswith(("tests/", "bench/"))

    @property
    def room(self) -> str:
        """Return the room of an area this file belongs to: ``models`` for models.py and for models/notes.py."""
        parts = self.path.removesuffix(".py").split("/")
        return next((part for part in parts if part in ROOMS), "")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def line(self, node: ast.AST) -> str:
        """Return the text of the line where a node begins."""
        return self.lines[getattr(node, "lineno", 1) - 1]


Rule = Callable[[Source], Iterator[str]]

ROOMS = frozenset(
    {
        "policy", "models", "queries", "actions", "forms", "views", "urls", "tasks", "commands", "apps",
        "migrations", "templates", "static", "tests",
    }
)  # fmt: skip
"""The rooms an area may have (ARCHITECTURE section 3)."""

AREAS = (
    "alcove/clinic/*/",
    "alcove/compliance/",
    "alcove/compliance/privacy/",
    "alcove/compliance/baseline/",
    "alcove/compliance/continuity/",
    "alcove/compliance/uptime/",
    "alcove/portal/",
)
"""Where areas lie."""

PROGRAMME = {"alcove/compliance/": frozenset({"privacy", "baseline", "continuity", "uptime"})}
"""Areas that lie beside the rooms of another."""

FLOORS = frozenset(
    {
        "__init__",
        "config",
        "console",
        "probe",
        "ui",
        "security",
        "operations",
        "clinic",
        "compliance",
        "portal",
        "api",
        "project",
    }
)
"""What may stand directly in alcove/ (ARCHITECTURE section 2)."""

KERNEL = frozenset({"__init__", "policy_defaults", "vault", "audit", "access", "jobs", "identity"})
"""What may stand directly in alcove/security/."""


def _name(node: ast.expr) -> str:
    """Return the dotted name of an expression, or nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}".lstrip(".")
    return ""


def _imported(node: ast.AST) -> Iterator[str]:
    """Yield every module or name an import statement names, dotted."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


# Imports ----------------------------------------------------------------------------------------------------------

LATE_IMPORTS = {
    ("alcove/project/prove/run.py", "*"): "sets Django up for a scratch practice, in a process of its own",
    ("alcove/project/prove/log.py", "alcove.security.audit.migrations.0002_append_only"): (
        "no import statement can name a module that begins with a digit"
    ),
    ("alcove/project/restored.py", "*"): "sets Django up for a restored home, in a process of its own",
    (
        "alcove/project/cli.py",
        "*",
    ): "the command speaks before Django is set up, and sets it up only if a verb needs it",
    (
        "alcove/security/access/writes.py",
        "django.db.connection",
    ): "the backend imports writes while Django loads",
    ("alcove/security/vault/providers/__init__.py", "alcove.security.vault.providers.file.FileProvider"): (
        "providers import their base from here"
    ),
    (
        "alcove/security/vault/providers/__init__.py",
        "alcove.security.vault.providers.pkcs11.Pkcs11Provider",
    ): ("an optional extra"),
    (
        "alcove/security/vault/providers/__init__.py",
        "alcove.security.vault.providers.aws_kms.AwsKmsProvider",
    ): ("an optional extra"),
    ("alcove/operations/backups/runs.py", "alcove.operations.backups.buckets.Bucket"): "an optional extra",
    ("alcove/security/vault/stores.py", "alcove.security.vault.buckets.Bucket"): "an optional extra",
    ("alcove/operations/backups/runs.py", "alcove.operations.backups.sftp.Sftp"): "an optional extra",
}
"""Imports that may stand inside a function: where, what (* is any), and why. Each also says so in its noqa."""


def late_imports(source: Source) -> Iterator[str]:
    """No import inside a function, to dodge a contract or a cycle, except those listed with their reason."""
    if not source.is_python or source.is_test:
        return
    for function in source.nodes:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            for name in _imported(node):
                listed = {(source.path, name), (source.path, "*")} & set(LATE_IMPORTS)
                if not (listed and "noqa: PLC0415" in source.line(node)):
                    yield f"{node.lineno}: {name} is imported inside a function"
            if isinstance(node, ast.Call) and _name(node.func).endswith(("import_module", "__import__")):
                first = node.args[0] if node.args else None
                listed = isinstance(first, ast.Constant) and (source.path, first.value) in LATE_IMPORTS
                if isinstance(first, ast.Constant) and str(first.value).startswith("alcove") and not listed:
                    yield f"{node.lineno}: {first.value!r} is imported by its name in a string"


KEY_MODULES = ("keyring", "bulk")
OPENS_KEYS = frozenset(
    {
        *("put", "new_client_key", "client_secret", "wrapped", "subkey", "each_opened"),
        *("put_entries", "new_entry_key", "entry_secret", "entry_cipher", "wrap_entry"),
    }
)
MAY_OPEN_KEYS = {
    "alcove/security/vault/": "makes and rotates them",
    "alcove/security/access/": "the only road from an actor to a key",
    "alcove/clinic/clients/queries/directory.py": (
        "opens a few rows to keep up with changes and to compare, each in a ring of its own, and shows none"
    ),
    "alcove/project/prove/erasing.py": "opens restored backups with every key still held, to see that none does",
    "alcove/project/prove/sealing.py": "moves values about with the true keys, to see them refused",
}


def opened_keys(source: Source) -> Iterator[str]:
    """Only access opens clients' keys (the vault itself aside): nobody else names what unwraps them."""
    if not source.is_python or source.is_test or source.path.startswith(tuple(MAY_OPEN_KEYS)):
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in OPENS_KEYS and _name(node.value) in KEY_MODULES:
            yield f"{node.lineno}: {_name(node.value)}.{node.attr} opens keys; only alcove.security.access may"
        for name in _imported(node):
            module, _, what = name.rpartition(".")
            if module.removeprefix("alcove.security.vault.") in KEY_MODULES and what in OPENS_KEYS:
                yield f"{node.lineno}: {name} opens keys; only alcove.security.access may"


def signals(source: Source) -> Iterator[str]:
    """No signals: what happens stands in the action that does it."""
    if not source.is_python:
        return
    banned = (
        "django.db.models.signals",
        "django.dispatch",
        "django.core.signals",
        "django.contrib.auth.signals",
    )
    for node in source.nodes:
        for name in _imported(node):
            if name.startswith(banned):
                yield f"{node.lineno}: {name} is a signal"


WITHOUT_TOKEN = {
    "alcove/compliance/uptime/views/reports.py": (
        "a probe is no browser: it brings its own token in a header, and no cookie counts there"
    )
}
"""Where a POST is taken without a form's token, and why no other page can send it for somebody."""


def doors_by_person(source: Source) -> Iterator[str]:
    """Nobody is let through because of who they are: no Django admin, no superuser, no staff flag, no auth package."""
    if not source.is_python or source.is_test:
        return
    for number, line in enumerate(source.lines, 1):
        found = re.search(
            r"\bis_superuser\b|\bis_staff\b|django\.contrib\.(admin|auth|sessions)\b|csrf_exempt", line
        )
        if found and not (found[0] == "csrf_exempt" and source.path in WITHOUT_TOKEN):
            yield f"{number}: {found[0]} lets people through by who they are, or a page without its token"


# Shape ------------------------------------------------------------------------------------------------------------

OWN_SAVES = {
    ("alcove/security/access/change.py", "Change"): "the one thing that writes; it is no row",
    (
        "alcove/security/vault/stores.py",
        "Store",
    ): "a place of files, as Django asks of a storage; it is no row",
    ("alcove/security/vault/buckets.py", "Bucket"): "as above",
}


def overridden_saves(source: Source) -> Iterator[str]:
    """No class overrides how a row is saved or deleted, and no form saves."""
    if not source.is_python or source.is_test:
        return
    for node in source.nodes:
        if not isinstance(node, ast.ClassDef) or (source.path, node.name) in OWN_SAVES:
            continue
        for item in node.body:
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and re.fullmatch(
                r"a?(save|delete|save_base|bulk_create|bulk_update)", item.name
            ):
                yield f"{item.lineno}: {node.name}.{item.name} overrides how rows are written"


def work_in_ready(source: Source) -> Iterator[str]:
    """An app's ``ready`` does nothing: it is not there."""
    if source.is_python and source.path.endswith("/apps.py"):
        for node in source.nodes:
            if isinstance(node, ast.FunctionDef) and node.name == "ready":
                yield f"{node.lineno}: work in ready() happens in every process, asked or not"


BELOW_VIEWS = frozenset({"policy", "models", "queries", "actions", "forms", "tasks", "commands"})
KERNEL_BELOW_VIEWS = ("alcove/security/vault/", "alcove/security/audit/", "alcove/security/jobs/")


def requests_below_views(source: Source) -> Iterator[str]:
    """No request goes below a view: pass the actor."""
    if not source.is_python or source.is_test:
        return
    if source.room not in BELOW_VIEWS and not source.path.startswith(KERNEL_BELOW_VIEWS):
        return
    for node in source.nodes:
        if isinstance(node, ast.arg) and (
            "HttpRequest" in ast.unparse(node.annotation or ast.Constant(""))
            or (node.arg == "request" and source.room in BELOW_VIEWS)
        ):
            yield f"{node.lineno}: {node.arg} is a request below a view"
        for name in _imported(node):
            if name.startswith(("django.http.", "django.shortcuts.")) and not name.endswith(".QueryDict"):
                yield f"{node.lineno}: {name} belongs to views"


BANNED = ("service", "manager", "handler", "helper", "util", "common", "core", "misc", "info")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Where a service is what the clinic sells (ARCHITECTURE section 3); everywhere else the word says nothing about code.
SELLING = ("alcove/clinic/", "alcove/portal/", "alcove/site/", "alcove/project/demo/")


def _banned_word(name: str) -> str:
    words = {word.lower().removesuffix("s") for word in _WORDS.findall(name)}
    return next((word for word in BANNED if word in words), "")


def _is_sold(source: Source, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether this names what the clinic sells; a class that *ends* in the word (``PricingService``) is code again."""
    if not source.path.startswith(SELLING):
        return False
    return not isinstance(node, ast.ClassDef) or node.name.startswith("Service")


def banned_names(source: Source) -> Iterator[str]:
    """No name that says nothing (ARCHITECTURE section 9), for files, classes and functions."""
    if source.is_test:
        return
    for part in source.path.split(".")[0].split("/"):
        word = _banned_word(part)
        if word and not (word == "service" and source.is_template and source.path.startswith(SELLING)):
            yield f"1: the file is called {part}: {word} says nothing"
    if not source.is_python:
        return
    for node in source.nodes:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        word = _banned_word(node.name)
        if word and not (word == "service" and _is_sold(source, node)):
            yield f"{node.lineno}: {node.name}: {word} says nothing"


def _rooms_of(path: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the first part of a path inside every place whose rooms are fixed, with the rooms it may have."""
    for place, rooms in (
        ("alcove/", FLOORS),
        ("alcove/security/", KERNEL),
        *((area, ROOMS | {"__init__"} | PROGRAMME.get(area, frozenset())) for area in AREAS),
    ):
        found = re.match(place.replace("*", "[^/]+") + r"([^/.]+)", path)
        if found and not (place == "alcove/" and path.startswith("alcove/clinic/") and found[1] != "clinic"):
            yield found[1], rooms


def strange_rooms(source: Source) -> Iterator[str]:
    """No other room: every file of an area lies in one of its rooms."""
    if source.path.startswith("alcove/clinic/") and source.path.count("/") == 2:  # alcove/clinic/__init__.py
        return
    for name, rooms in _rooms_of(source.path):
        if name not in rooms:
            yield f"1: there is no room called {name} here"


LONGEST = 400
TO_SPLIT: dict[str, str] = {}
"""Longer for now, each with what is to leave it. Nothing is added here without being split next."""


def long_files(source: Source) -> Iterator[str]:
    """A room over 400 lines becomes a package, split by noun."""
    if (
        source.is_python
        and not source.is_test
        and "/migrations/" not in source.path
        and len(source.lines) > LONGEST
        and str(source.path) not in TO_SPLIT
    ):
        yield f"{len(source.lines)}: over {LONGEST} lines: split it by noun"


WRITES = frozenset(
    {"save", "delete", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "update"}
)
READING_ROOMS = frozenset({"views", "queries", "forms", "models", "urls", "tasks", "commands"})


def writes_outside_actions(source: Source) -> Iterator[str]:
    """Only actions write; the database refuses it at run time, this says so before."""
    if (
        not source.is_python
        or source.is_test
        or source.room not in READING_ROOMS
        or "/project/" in source.path
    ):
        return
    for node in source.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        chain = ast.unparse(node.func)
        is_rows = ".objects" in chain or "_default_manager" in chain
        is_row = node.func.attr == "save" and not node.args  # a picture is saved *to* something, a row is not
        if node.func.attr in WRITES and (is_rows or is_row):
            yield f"{node.lineno}: {chain.splitlines()[0][:60]} writes outside an action"


# Words of refusal -------------------------------------------------------------------------------------------------


def bare_excuses(source: Source) -> Iterator[str]:
    """Whoever switches a check off says which and why; a run of lines may share the reason of its first."""
    if not source.is_python or source.path.startswith("tests/house/"):
        return
    shared = ""
    for number, line in enumerate(source.lines, 1):
        if re.search(r"#\s*type:\s*ignore(?!\[)", line):
            yield f"{number}: type: ignore names no rule"
        elif re.search(r"#\s*type:\s*ignore\[[^]]*\](?!\s*# \w)", line) and not source.is_test:
            yield f"{number}: type: ignore gives no reason"
        if re.search(r"#\s*noqa(?!:)", line):
            yield f"{number}: noqa names no rule"
        elif (found := re.search(r"#\s*noqa: ([A-Z0-9, ]+)(.*)", line)) and not source.is_test:
            layout = set(found[1].replace(",", " ").split()) <= {"E501", "E402"}
            if not layout and not re.match(r"\s*(- |\(|#|-)\s*\w", found[2]) and found[1].strip() != shared:
                yield f"{number}: noqa gives no reason"
            shared = found[1].strip()
        elif line.strip():
            shared = ""


# Markup -----------------------------------------------------------------------------------------------------------

_UNSAFE_CALLS = frozenset({"mark_safe", "SafeString", "SafeText", "SafeData"})


def unsafe_markup(source: Source) -> Iterator[str]:
    """Nothing is called safe that was not made safe: only alcove/ui may, with its reason on the line."""
    if source.is_test:
        return
    if source.is_template:
        for number, line in enumerate(source.lines, 1):
            if found := re.search(r"\|\s*safe(seq)?\b|\{%\s*autoescape\s+off", line):
                yield f"{number}: {found[0]} in a template"
        return
    if not source.is_python:
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and _name(node.func).rpartition(".")[2] in _UNSAFE_CALLS:
            in_ui = source.path.startswith("alcove/ui/")
            literal = all(isinstance(argument, ast.Constant) for argument in node.args)
            if not in_ui or not (literal or re.search(r"# ", source.line(node))):
                yield f"{node.lineno}: {_name(node.func)} outside alcove/ui, or without a reason on its line"
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "__html__"
            and not source.path.startswith("alcove/ui/")
        ):
            yield f"{node.lineno}: __html__ outside alcove/ui"


_TAG = re.compile(r"<[a-zA-Z][^<>]*(?:<[^<>]*>[^<>]*)*>", re.DOTALL)
_INLINE = {
    r"\sstyle\s*=": "an inline style",
    r"\son[a-z]+\s*=": "an inline event attribute",
    r"\shx-on\b|\shx-on[:=-]|\sdata-hx-on": "hx-on runs script from an attribute",
    r"=\s*[\"']?\s*(js|javascript)\s*:": "script in an attribute",
    r"\shx-(?:vals|headers|vars)\s*=\s*[\"']?\s*(?:js|javascript):|\shx-vars": "script in an attribute",
    r"\shx-trigger\s*=\s*(\"[^\"]*\[|'[^']*\[)": "a [filter] in hx-trigger is evaluated as script",
    r"<(?:script|link|img|iframe|source|audio|video)\b[^>]*\s(?:src|href)\s*=\s*[\"']?(?:https?:)?//": "fetched elsewhere",
    r"\ssrcdoc\s*=": "a document inside an attribute",
}
_DJANGO = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)


STAND_ALONE = {
    "alcove/api/templates/api/record.html": "the exported record: a file of its own, opened without a server"
}


def inline_script(source: Source) -> Iterator[str]:
    """No inline style, script or event attribute: the Content-Security-Policy would refuse it in the browser."""
    if source.is_test or source.path in STAND_ALONE:
        return
    if source.is_template:
        texts = [(0, source.text)]
    elif source.is_python:
        texts = [
            (node.lineno - 1, node.value)
            for node in source.nodes
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.search(r"<[a-z]+[ >]", node.value)
        ]
    else:
        return
    for offset, text in texts:
        # Template tags become dots of equal length, so that quotes inside them do not end an attribute.
        plain = _DJANGO.sub(lambda found: re.sub(r"[^\n]", ".", found[0]), text)
        for tag in _TAG.finditer(plain):
            for pattern, sentence in _INLINE.items():
                if re.search(pattern, tag[0], re.IGNORECASE):
                    yield f"{offset + plain[: tag.start()].count(chr(10)) + 1}: {sentence}"
        for found in re.finditer(
            r"<style\b|<script\b(?![^>]*\ssrc\s*=)(?![^>]*application/json)", plain, re.IGNORECASE
        ):
            yield f"{offset + plain[: found.start()].count(chr(10)) + 1}: {found[0]} with its text in the page"


def forms_without_token(source: Source) -> Iterator[str]:
    """Every form that posts carries its token."""
    if not source.is_template:
        return
    for found in re.finditer(
        r"<form\b[^>]*method=\"post\".*?</form>", source.text, re.IGNORECASE | re.DOTALL
    ):
        if "csrf_token" not in found[0]:
            yield f"{source.text[: found.start()].count(chr(10)) + 1}: a form that posts without csrf_token"


RULES: tuple[Rule, ...] = (
    late_imports,
    opened_keys,
    signals,
    doors_by_person,
    overridden_saves,
    work_in_ready,
    requests_below_views,
    banned_names,
    strange_rooms,
    long_files,
    writes_outside_actions,
    bare_excuses,
    unsafe_markup,
    inline_script,
    forms_without_token,
)


def sources() -> list[Source]:
    """Return every source file of the program and its tests."""
    found = []
    for folder in ("alcove", "tests", "bench"):
        for path in sorted((ROOT / folder).rglob("*")):
            relative = path.relative_to(ROOT).as_posix()
            if (
                path.suffix in {".py", ".html", ".txt"}
                and "__pycache__" not in relative
                and "/static/" not in relative
            ):
                found.append(Source(relative, path.read_text("utf-8")))
    return found
