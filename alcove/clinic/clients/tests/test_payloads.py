"""Hostile and strange strings go into every text field and come back as the same text: on the page and sealed."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from django.template import Context, Template
from django.urls import reverse

from alcove.clinic.clients.forms import ClientForm
from alcove.clinic.clients.models import Alert, Client, LinkedPerson, tidy
from alcove.clinic.clients.queries.identifiers import shown as shown_number
from alcove.security.access.opening import open_client
from alcove.security.vault.keyring import keyring

NAMES = ("given", "family", "preferred", "reading")
TEXTS = ("title", "pronouns", "gender", "language", "occupation", "marital", "note")
ADDRESS = ("line", "city", "state", "postal", "country")
NUMBER = ("number_kind_0", "number_0")
FIELDS = (*NAMES, *TEXTS, *ADDRESS, *NUMBER)
LONGEST = 1000


class Page(HTMLParser):
    """What a browser makes of a page: values of fields, the text, and every element and attribute there is."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.text: list[str] = []
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        self._area = ""
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        held = dict(attributes)
        self.shape.append((tag, tuple(sorted(held))))
        if tag == "input" and "name" in held:
            self.values[held["name"]] = held.get("value") or ""
        if tag == "textarea":
            self._area = held["name"]
            self.values[self._area] = ""

    def handle_endtag(self, tag):
        if tag == "textarea":
            # Browsers drop the newline that follows the start tag.
            self.values[self._area] = self.values[self._area].removeprefix("\r\n").removeprefix("\n")
            self._area = ""

    def handle_data(self, data):
        if self._area:
            self.values[self._area] += data
        self.text.append(data)

    @property
    def words(self) -> str:
        return "".join(self.text)


def strings(shared, *, everything: bool) -> list[str]:
    naughty = json.loads((shared / "contacts/naughty_strings.json").read_text("utf-8"))
    payloads = json.loads((shared / "attacks/payloads/payloads.json").read_text("utf-8"))
    classes = payloads if everything else ["xss"]
    found = [*naughty, *(text for name in classes for text in payloads[name])]
    return [
        text for text in dict.fromkeys(found) if text.strip() and len(text) <= LONGEST and "\x00" not in text
    ]


def plan(texts: list[str], shift: int) -> list[dict[str, str]]:
    """Return one form for every handful of strings, each string in another field for another shift."""
    forms = []
    for start in range(0, len(texts), len(FIELDS)):
        some = texts[start : start + len(FIELDS)]
        forms.append({FIELDS[(at + shift) % len(FIELDS)]: text for at, text in enumerate(some)})
    return forms


def held_values(directory, details):
    number = (directory.get("numbers") or [{}])[0]
    found = {name: directory.get(name, "") for name in NAMES}
    found |= {name: details.get(name, "") for name in TEXTS}
    found |= {name: details.get("address", {}).get(name, "") for name in ADDRESS}
    return found | {"number_kind_0": number.get("kind", ""), "number_0": number.get("value", "")}


def filled(form: dict[str, str]) -> dict[str, str]:
    # A number without a value is no number, and a card needs a name.
    filler = {"given": "Given", "number_0": "1" if "number_kind_0" in form else ""}
    return dict.fromkeys(FIELDS, "") | filler | form


def test_every_string_through_every_field_of_the_form(shared, db):
    texts = strings(shared, everything=True)
    assert len(texts) > 1200
    drawing = Template("{% load ui %}{% for row in rows %}{% field row %}{% endfor %}")
    for shift in range(len(FIELDS)):
        for form in plan(texts, shift):
            sent = filled(form) | {"born": "1984-02-29", "email_0": "a@example.org"}
            typed = ClientForm(sent, country="US")
            assert typed.is_valid(), typed.errors
            assert held_values(tidy(typed.as_directory()), tidy(typed.as_details())) == filled(form)
            # Drawing is the same for every shift of the same field class.
            if shift % 6 == 0:
                page = Page(drawing.render(Context({"rows": [typed[name] for name in FIELDS]})))
                assert {name: page.values[name] for name in FIELDS} == filled(form)


def test_every_string_through_the_page_and_the_seal(practice, client_card, shared):
    texts = strings(shared, everything=False)
    assert len(texts) > 400
    browser, owner = practice.signed_in("owner"), practice.actor("owner")
    url = reverse("clients:edit", kwargs={"client_id": client_card.id})
    about = reverse("clients:about", kwargs={"client_id": client_card.id})
    version = int(Page(browser.get(url).content.decode()).values["version"])
    for shift in (4,):
        for form in plan(texts, shift):
            sent = filled(form) | {"born": "1984-02-29", "email_0": "a@example.org", "version": str(version)}
            answer = browser.post(url, sent)
            assert answer.status_code == 302, (answer.status_code, form)
            version += 1
            with keyring():
                open_client(owner, client_card.id)
                client = Client.objects.get(pk=client_card.id)
                assert held_values(client.directory, client.details) == filled(form)
            page, shown = (Page(browser.get(where).content.decode()) for where in (url, about))
            # A number that needs a reason stands covered in the form; what was typed is in the card all the same.
            wanted = filled(form)
            wanted["number_0"] = shown_number({"kind": wanted["number_kind_0"], "value": wanted["number_0"]})
            assert {name: page.values[name] for name in FIELDS} == wanted
            assert_nothing_new(page)
            assert_nothing_new(shown)
            for name, text in form.items():
                if name in (*TEXTS, "preferred", "reading"):
                    assert text in shown.words, ascii(text)


def assert_nothing_new(page: Page) -> None:
    """No string became an element or an attribute: no handler, no script beyond our files, no foreign link."""
    for tag, attributes in page.shape:
        assert tag not in {
            "iframe",
            "object",
            "embed",
            "base",
            "marquee",
            "audio",
            "video",
            "body2",
            "style",
        }, tag
        assert not [
            name for name in attributes if name.startswith("on") or name in {"style", "srcdoc", "xlink:href"}
        ]
    scripts = [attributes for tag, attributes in page.shape if tag == "script"]
    assert all("src" in attributes for attributes in scripts)
    assert len(scripts) == 4


def test_every_string_of_every_class_through_the_form_for_a_new_client(practice, shared):
    browser, owner = practice.signed_in("owner"), practice.actor("owner")
    url = reverse("clients:new")
    for form in plan(strings(shared, everything=True), 3):
        sent = filled(form) | {"born": "1984-02-29", "email_0": "a@example.org", "anyway": "yes"}
        answer = browser.post(url, sent)
        assert answer.status_code == 302, (answer.status_code, form)
        client_id = Client.objects.latest("created_at").id
        with keyring():
            open_client(owner, client_id)
            client = Client.objects.get(pk=client_id)
            assert held_values(client.directory, client.details) == filled(form)
        card = Page(browser.get(answer["Location"]).content.decode())
        assert_nothing_new(card)
        assert f"{client.given} {client.family}".strip() in card.words


def test_a_refused_form_gives_every_string_back(practice, shared):
    browser = practice.signed_in("owner")
    for form in plan(strings(shared, everything=False), 5):
        answer = browser.post(reverse("clients:new"), filled(form) | {"born": "2999-01-01"})
        assert answer.status_code == 422
        page = Page(answer.content.decode())
        assert {name: page.values[name] for name in FIELDS} == filled(form)
        assert_nothing_new(page)
    assert not Client.objects.exists()


@pytest.mark.parametrize("kind", ["person", "alert"])
def test_people_and_alerts_keep_every_string(practice, client_card, shared, kind):
    browser, owner = practice.signed_in("prescriber"), practice.actor("owner")
    url = reverse(f"clients:{kind}_new", kwargs={"client_id": client_card.id})
    texts = strings(shared, everything=False)[::4]
    for text in texts:
        sent = {
            "person": {"role": "gp", "name": text, "note": text},
            "alert": {"kind": "clinical", "severity": "note", "text": text, "desk_text": text},
        }[kind]
        assert browser.post(url, sent).status_code == 302, ascii(text)
    with keyring():
        open_client(owner, client_card.id)
        if kind == "person":
            held = [one.details["name"] for one in LinkedPerson.objects.order_by("created_at")]
        else:
            held = [one.content["text"] for one in Alert.objects.order_by("created_at")]
    assert held == texts
    page = Page(browser.get(reverse("clients:about", kwargs={"client_id": client_card.id})).content.decode())
    assert_nothing_new(page)
    for text in texts:
        assert text in page.words, ascii(text)
