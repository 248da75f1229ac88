"""Strange texts go into every field and come back as the same text, on the page and on paper."""

from __future__ import annotations

import html
import io
import json
import re
import unicodedata

import pypdf
import pytest

from alcove.clinic.records import actions, queries
from alcove.clinic.records.models import Item, Note
from alcove.clinic.records.models.content import KINDS
from alcove.clinic.records.queries.words import day, day_of, legible, span
from alcove.clinic.records.tests import make
from alcove.clinic.records.views import typesetting

NUL_AND_OTHERS = [
    "a\x00b",
    "bell\x07",
    "\x1b[31mred",
    "lone \ud800 surrogate",
    "turn \u202e around",
    "\ufffe\uffff",
    "\u0085next",
]
HARMLESS_TAGS = re.compile(r"<(?P<name>[a-zA-Z][a-zA-Z0-9]*)[^>]*>")


@pytest.fixture(scope="module")
def strings(shared):
    naughty = json.loads((shared / "contacts/naughty_strings.json").read_text("utf-8"))
    payloads = json.loads((shared / "attacks/payloads/payloads.json").read_text("utf-8"))
    return list(dict.fromkeys([*naughty, *(one for many in payloads.values() for one in many)]))


def on_page(text):
    """A page's text as a browser has it, line ends aside."""
    return html.unescape(text).replace("\r\n", "\n").replace("\r", "\n")


def escaped(text):
    from django.utils.html import escape

    return escape(legible(text))


def test_every_string_comes_back_from_every_section_of_a_note(practice, nurse, chart, at, strings):
    browser = practice.signed_in("practitioner")
    for start in range(0, len(strings), 300):
        some = [text for text in strings[start : start + 300] if text.strip()]
        # A batch in each section, joined by a mark of our own: 1,300 requests would say no more.
        joined = "\n=|=\n".join(some)
        note = make.draft(nurse, chart, template="soap", body={})
        typed = {"title": some[0], "version": note.version, "pen": "p"}
        typed |= {f"text-{key}": joined for key in ("subjective", "objective", "assessment", "plan")}
        answer = browser.post(at("note", note_id=note.id), typed)
        assert answer.status_code == 302, start
        kept = Note.objects.get(pk=note.pk)
        expected = joined.replace("\r\n", "\n").replace("\r", "\n")
        assert set(kept.body.values()) == {expected}
        for url in (at("note", note_id=note.id), at("print")):
            if url == at("print"):
                actions.sign_note(nurse, kept)
            text = browser.get(url).content.decode()
            # Once per section, escaped: the very text, and none of it as markup.
            assert text.count(escaped(expected)) == 4, (start, url)
        signed_page = browser.get(at("note", note_id=note.id)).content.decode()
        assert signed_page.count(escaped(expected)) == 4
        assert "<script>alert" not in signed_page
        assert "onerror=" not in re.sub(r">[^<]*<", "><", signed_page)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_string_comes_back_from_every_text_field_of_an_entry(practice, nurse, chart, at, strings, kind):
    browser = practice.signed_in("practitioner")
    from alcove.clinic.records.forms.items import item_form
    from alcove.clinic.records.forms.words import Words

    names = [name for name, field in item_form(kind).fields.items() if isinstance(field, Words)]
    long = max(strings, key=len)
    chosen = [long, *[text for text in strings if text.strip()][sum(map(ord, kind)) % 7 :: 7]]
    for number, text in enumerate(chosen):
        if number % 8:
            # Most go through the action and the forms' own cleaning; every eighth walks the whole way.
            form = item_form(kind, dict.fromkeys(names, text))
            assert form.is_valid(), form.errors
            entry = form.entry_over(KINDS[kind]())
        else:
            assert browser.post(at("item_add", kind=kind), dict.fromkeys(names, text)).status_code == 302
            entry = Item.objects.order_by("-created_at").first().entry
        expected = text.replace("\r\n", "\n").replace("\r", "\n")
        for name in names:
            held = getattr(entry, name)
            assert held == expected or held == [line for line in expected.split("\n") if line.strip()], (
                name,
                text,
            )
    route = "observations" if kind == "observation" else "chart"
    page = on_page(browser.get(at(route)).content.decode())
    for text in chosen[::8]:
        assert legible(text).replace("\r", "\n") in page or kind == "observation", text


def test_every_string_comes_back_on_paper(strings):
    some = [text for text in strings if text.strip()]
    data = {
        "practice": "Test", "imprint": "Printed", "name": "Client", "facts": [], "alerts": [], "lists": [], "left_out": "",
        "notes": [{"title": f"N{number}", "by": "by", "texts": [["T", text]], "amendments": []} for number, text in enumerate(some)],
    }  # fmt: skip
    made = typesetting.pdf(data)
    pages = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages)
    shown = [typesetting.showable(text) for text in some]
    plain = [text for text in shown if text.isascii() and text.isprintable()]
    together = re.sub(r"\s", "", re.sub(r"Printed \d+ / \d+", "", pages))
    missing = [text for text in plain if len(text) < 60 and re.sub(r"\s", "", text) not in together]
    assert not missing, missing[:5]
    assert len(plain) > 800
    # Not one sign is dropped in silence: what has no shape stands as its number.
    assert "\x00" not in pages
    for text in shown:
        for sign in set(text):
            assert (
                sign.isspace()
                or sign in pages
                or not sign.isprintable()
                or unicodedata.normalize("NFKC", sign) in unicodedata.normalize("NFKC", pages)
                or unicodedata.combining(sign)
            ), (sign, text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b", "a[U+0000]b"), ("bell\x07", "bell[U+0007]"), ("turn \u202e around", "turn [U+202E] around"),
        ("\ufffe", "[U+FFFE]"), ("line\nbreak\ttab", "line\nbreak\ttab"), ("#let x = 1 *bold* $x$ @ref <label> \\", "#let x = 1 *bold* $x$ @ref <label> \\"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_on_paper_stands_as_its_number(text, shown):
    assert typesetting.showable(text) == shown


def test_a_sign_no_font_holds_stands_as_its_number():
    data = {
        "practice": "T",
        "imprint": "P",
        "name": "\U000e0041\U0001fbff Linear A \U00010600",
        "facts": [],
        "alerts": [],
        "lists": [],
        "notes": [],
        "left_out": "",
    }
    text = pypdf.PdfReader(io.BytesIO(typesetting.pdf(data))).pages[0].extract_text()
    assert "[U+10600]" in text


def test_control_signs_and_lone_surrogates_neither_break_a_page_nor_paper(practice, nurse, chart, at):
    for text in NUL_AND_OTHERS:
        make.item(nurse, chart, name=text, note=text, criticality="high")
        make.signed(nurse, chart, title=text, body={"text": text})
        make.visit(nurse, chart, type=text)
    make.item(
        nurse, chart, kind="observation", name=NUL_AND_OTHERS[3], value=NUL_AND_OTHERS[3], unit="\ud800"
    )
    kept = {item.entry.name for item in Item.objects.all()}
    assert kept >= set(NUL_AND_OTHERS)
    browser = practice.signed_in("practitioner")
    from django.urls import reverse

    pages = [
        at("chart"),
        at("notes"),
        at("history"),
        at("observations"),
        at("print"),
        reverse("clients:card", kwargs={"client_id": chart.id}),
    ]
    for url in pages:
        assert browser.get(url).status_code == 200, url
    answer = browser.get(at("pdf"))
    assert answer.status_code == 200
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)
    assert "a[U+0000]b" in text
    assert "lone \ufffd surrogate" in text
    assert "turn [U+202E] around" in text


def test_the_pdf_holds_what_the_print_page_holds(practice, nurse, chart, at):
    make.item(
        nurse,
        chart,
        reaction="hives",
        criticality="high",
        code="6387",
        system="http://www.nlm.nih.gov/research/umls/rxnorm",
    )
    note = make.signed(nurse, chart, title="Review", body={"text": "First line\nSecond line"})
    actions.amend_note(nurse, note, text="Lot is C3814", reason="The lot was mistyped")
    make.draft(nurse, chart, body={"text": "Unfinished thought"})
    answer = practice.signed_in("practitioner").get(at("pdf"))
    assert answer["Content-Type"] == "application/pdf"
    reader = pypdf.PdfReader(io.BytesIO(answer.content))
    text = " ".join("".join(page.extract_text() for page in reader.pages).split())
    for words in (
        "Catherine Müller-Okafor",
        "Lidocaine",
        "hives",
        "RxNorm 6387",
        "high risk",
        "First line Second line",
        "Lot is C3814",
        "1 unsigned note left out",
        "Printed by Practitioner Tester",
    ):
        assert words in text, words
    assert "Unfinished thought" not in text
    assert "Catherine" not in str(reader.metadata)
    assert "Catherine" not in answer["Content-Disposition"]


def test_typesetting_writes_nothing_to_the_disk(practice, nurse, chart, at):
    from pathlib import Path

    from django.conf import settings

    browser = practice.signed_in("practitioner")
    before = {
        path: path.stat().st_mtime_ns for path in Path(settings.ALCOVE.home).rglob("*") if path.is_file()
    }
    queries.printout.printout(nurse, chart)
    assert browser.get(at("pdf")).status_code == 200
    after = {
        path: path.stat().st_mtime_ns for path in Path(settings.ALCOVE.home).rglob("*") if path.is_file()
    }
    assert after.keys() == before.keys(), after.keys() - before.keys()


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2024-05-12", "", "since 12 May 2024"),
        ("", "2024", "until 2024"),
        ("2024-05-12T10:00:00Z", "2024-05-12T11:00:00Z", "12 May 2024"),
        ("", "", ""),
        ("last spring", "", "since last spring"),
        ("2024-13-45", "", "since 2024-13-45"),
    ],
)
def test_days_are_words_and_what_is_no_day_stays(start, end, words):
    assert span(start, end) == words


def test_a_year_or_a_month_counts_as_its_first_day():
    assert str(day_of("2024")) == "2024-01-01"
    assert str(day_of("2024-05")) == "2024-05-01"
    assert day_of("soon") is None
    assert day("2024") == "2024"
