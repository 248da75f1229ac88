"""The tools of the house do what they say: locks without host names, commands with a line each, pages that compile."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template import engines
from django.urls import get_resolver

from alcove.project import routes
from tests.house.rules import ROOT

pytestmark = pytest.mark.source

LOCKS = ("requirements.lock", "requirements-dev.lock")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)(?: ;[^\\]*)? \\$", re.MULTILINE)


def _pins(name: str) -> set[tuple[str, str]]:
    return set(_PIN.findall((ROOT / name).read_text("utf-8")))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_names_no_host_and_every_hash(name):
    text = (ROOT / name).read_text("utf-8")
    assert not re.search(r"://|^\s*--(?!hash=sha256:)|^\s*-e|@ ", text, re.MULTILINE)
    packages = re.split(r"\n(?=[A-Za-z])", text)[1:]
    assert len(packages) == len(_PIN.findall(text)) > 20
    assert all("--hash=sha256:" in package for package in packages)


def test_tests_run_on_what_alcove_runs_on():
    assert _pins("requirements.lock") < _pins("requirements-dev.lock")


def test_make_alone_lists_every_command():
    listed = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    for command in ("run", "test", "check", "bench", "routes", "format", "lock", "release", "clean"):
        assert re.search(rf"^  make {command} +[A-Z].+$", listed, re.MULTILINE), (
            f"make {command} is not explained"
        )


def test_routes_txt_is_sorted_and_holds_every_route():
    lines = routes.text().splitlines()
    table = [line.split() for line in lines[lines.index("") + 2 :]]
    assert table == sorted(table)
    assert len(table) == len(list(routes.rows()))
    assert not [line for line in table if line[2] == "UNGUARDED"]


def test_a_stale_routes_txt_is_noticed(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(routes, "FILE", tmp_path / "routes.txt")
    assert routes.main(["--check"]) == 1
    assert routes.main([]) == 0
    assert routes.main(["--check"]) == 0
    (tmp_path / "routes.txt").write_text(routes.text().replace("clients.view", "public      "), "utf-8")
    assert routes.main(["--check"]) == 1
    assert "make routes" in capsys.readouterr().err


# Templates ----------------------------------------------------------------------------------------------------------


def _templates() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.glob("alcove/**/templates/**/*.*")):
        yield str(path).rpartition("/templates/")[2], path


def _url_names() -> set[str]:
    def names(resolver, prefix: str) -> Iterator[str]:
        for item in resolver.url_patterns:
            if hasattr(item, "url_patterns"):
                yield from names(item, prefix + (f"{item.namespace}:" if item.namespace else ""))
            elif item.name:
                yield prefix + item.name

    return set(names(get_resolver(), ""))


def broken_templates(files: list[tuple[str, str]]) -> list[str]:
    """Return what is wrong with templates, given as (name, text): they compile, and name pages and parts that exist."""
    engine, known, faults = engines["django"], _url_names(), []
    existing = {name for name, _ in _templates()}
    for name, text in files:
        try:
            engine.from_string(text)
        except Exception as error:
            faults.append(f"{name}: {error}")
        named = re.findall(r"\{%\s*url\s+[\"']([^\"']+)[\"']", text)
        faults += [f"{name}: there is no page {page}" for page in named if page not in known]
        parts = re.findall(r"\{%\s*(?:include|extends)\s+[\"']([^\"']+)[\"']", text)
        faults += [f"{name}: there is no template {part}" for part in parts if part not in existing]
    return faults


def test_every_template_compiles_and_names_what_exists():
    assert broken_templates([(name, path.read_text("utf-8")) for name, path in _templates()]) == []


@pytest.mark.parametrize(
    "text",
    ["{% if %}", "{% for x in y %}", "{{ x|no_such_filter }}", "{% no_such_tag %}", '{% url "no:page" %}',
     '{% include "no/part.html" %}', '{% extends "no/base.html" %}'],
)  # fmt: skip
def test_a_broken_template_is_seen(text):
    assert len(broken_templates([("planted.html", text)])) >= 1
