"""Texts: complete in five languages, never a slot that tells of care, and whatever somebody types arrives or is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from alcove.clinic.messaging.models.kinds import EMAIL, KINDS, LANGUAGES, OUTSIDE, SLOTS, SMS, WRITTEN
from alcove.clinic.messaging.models.texts import SHIPPED
from alcove.clinic.messaging.queries import composing, texts, wording, words
from alcove.clinic.messaging.queries.choosing import Choice
from alcove.clinic.messaging.queries.places import Place, place
from alcove.clinic.messaging.queries.wording import Unfit, Words
from alcove.clinic.practice.models import Category, Location, Service
from alcove.security.access.writes import writing

TELLING = sorted(name for name, slot in SLOTS.items() if slot.tells)
HARMLESS = sorted(name for name, slot in SLOTS.items() if not slot.tells)
NAUGHTY = [
    "<script>alert(1)</script>", "{{ practice }}", "{% debug %}", "%(x)s %s", "${jndi:ldap://x}", "'; DROP TABLE x;--",
    "\u202eevil\u202c", "Ω≈ç√∫", "田中さん", "👩‍👩‍👧‍👦", "ﷺ", "\u200b", "a" * 3000, "Zoe\u0308\u0301", "\ufeff", "\u2028", "=1+1", "\\n",
]  # fmt: skip


def test_there_is_a_text_for_everything_in_every_language(practice):
    assert set(SHIPPED) == set(LANGUAGES) == {"en-US", "en-GB", "de", "fr", "es"}
    for language, kinds in SHIPPED.items():
        assert set(kinds) == set(KINDS), language
        for kind, channels in kinds.items():
            assert set(channels) == set(WRITTEN)
            for channel, (subject, body) in channels.items():
                wording.check(channel, subject)
                wording.check(channel, body)
                assert bool(subject) is (channel == EMAIL)
                assert "{time}" in body
                assert not words.telling(f"{subject}\n{body}"), (language, kind)


def test_the_own_words_of_an_sms_are_in_the_plain_alphabet():
    for kinds in SHIPPED.values():
        for channels in kinds.values():
            assert wording.parts(channels["sms"][1].replace("{", "").replace("}", "")).alphabet == "GSM-7"


def test_languages_differ():
    for kind in KINDS:
        assert len({SHIPPED[language][kind]["email"][1] for language in ("en-US", "de", "fr", "es")}) == 4
    assert "canceled" in SHIPPED["en-US"]["cancelled"]["sms"][1]
    assert "cancelled" in SHIPPED["en-GB"]["cancelled"]["sms"][1]


# Slots ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", sorted(OUTSIDE))
@pytest.mark.parametrize("name", TELLING)
def test_a_slot_that_tells_of_care_is_refused_by_name_in_every_text_that_leaves(channel, name):
    for text in (f"Your {{{name}}} on {{date}}", f"{{ {name} }}"):
        with pytest.raises(Unfit, match="would tell"):
            wording.check(channel, text)


def test_service_specialty_reason_and_diagnosis_are_declared_so_that_they_are_refused():
    assert {"service", "specialty", "reason", "diagnosis"} <= set(TELLING)
    assert (
        sorted(
            ["practice", "place", "address", "date", "time", "zone", "manage_link", "confirm_link", "phone"]
        )
        == HARMLESS
    )


@pytest.mark.parametrize(
    "text",
    [
        "{Service}",
        "{datum}",
        "{}",
        "{date",
        "date}",
        "{{date}}",
        "{date.year}",
        "{date!r}",
        "{0}",
        "{date:>9}",
    ],
)
def test_a_slot_there_is_not_is_refused(text):
    with pytest.raises(Unfit):
        wording.check(EMAIL, text)


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "\ud800", "x" * 5_000])
def test_what_cannot_be_sent_is_refused(text):
    with pytest.raises(Unfit):
        wording.check(EMAIL, text)
    with pytest.raises(Unfit):
        wording.check("pigeon", "Hello")


@examples(max_examples=400)
@given(
    text=st.text(max_size=200),
    name=st.sampled_from(TELLING + HARMLESS),
    channel=st.sampled_from(sorted(OUTSIDE)),
)
def test_no_text_whatever_gets_a_telling_slot_through(text, name, channel):
    tried = f"{text}{{{name}}}{text[::-1]}"
    try:
        wording.check(channel, tried)
    except Unfit:
        return
    assert not SLOTS[name].tells
    assert all(one in HARMLESS for one in wording.slots_in(tried))


@pytest.mark.parametrize("value", NAUGHTY)
def test_what_a_practice_is_called_is_taken_as_it_is(value):
    given_words = Words("{practice}", "{practice}: {date}")
    filled = wording.filled(given_words, EMAIL, {"practice": value, "date": "{service}"})
    assert filled.body == f"{value}: {{service}}".strip()
    assert "\n" not in filled.subject
    assert wording.parts(filled.body).parts >= 1
    assert len(wording.lock_screen(filled, "E-mail")) <= 3


def test_a_line_end_in_a_name_begins_no_header():
    filled = wording.filled(Words("{practice}", "x"), EMAIL, {"practice": "A\r\nBcc: all@example.org"})
    assert filled.subject == "A Bcc: all@example.org"


def test_a_line_without_its_link_is_left_out_and_a_zone_takes_its_blank_along():
    body = "{date}, {time} {zone}, {place}.\nChange: {manage_link}\nCall {phone}\n\nBye"
    values = {"date": "Monday", "time": "10:00", "place": "Here"}
    assert wording.filled(Words("", body), SMS, values).body == "Monday, 10:00, Here.\n\nBye"


# How it travels and what strangers see --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "parts"),
    [
        ("a" * 160, "GSM-7", 160, 1), ("a" * 161, "GSM-7", 161, 2), ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3), ("€" * 80, "GSM-7", 160, 1), ("€" * 81, "GSM-7", 162, 2), ("ê", "UCS-2", 1, 1),
        ("ê" * 70, "UCS-2", 70, 1), ("ê" * 71, "UCS-2", 71, 2), ("👍" * 35, "UCS-2", 70, 1), ("👍" * 36, "UCS-2", 72, 2),
        ("", "GSM-7", 0, 1),
    ],
)  # fmt: skip
def test_parts_of_an_sms(text, alphabet, units, parts):
    assert wording.parts(text) == wording.Parts(alphabet, units, parts)


def test_a_locked_phone_shows_two_lines():
    lock = wording.lock_screen(Words("Your visit", "One.\n\nTwo.\nThree."), "Juniper Skin")
    assert lock == ["Juniper Skin", "Your visit", "One.…"]
    assert len(wording.lock_screen(Words("", "word " * 100), "SMS")) == 3


def test_words_of_care_are_warned_of_in_five_languages(practice):
    with writing("test"):
        skin = Category.objects.create(name="Skin")
        for name in ("Glow Ritual", "X"):
            Service.objects.create(category=skin, name=name, minutes=30)
    found = words.telling("Your Glow Ritual and your FILLER, next to the fillets")
    assert found == ["Glow Ritual", "FILLER"]
    for text in ("Ihre Behandlung", "votre traitement", "su tratamiento", "your botox"):
        assert words.telling(text), text
    assert not words.telling("Your visit is on Monday at ten. See you then!")


def test_an_address_is_one_line_and_a_number_is_read_as_people_do(practice):
    one = Location.objects.first()
    with writing("test"):
        Location.objects.filter(pk=one.pk).update(
            name="Fillmore Street", street="2100 Fillmore St", postal_code="94115", city="San Francisco",
            phone="+14155550100",
        )  # fmt: skip
    found = place(one.id.hex)
    assert (found.address, found.phone) == ("2100 Fillmore St, 94115 San Francisco", "+1 415-555-0100")
    with writing("test"):
        Location.objects.filter(pk=one.pk).update(
            name="Oakland", street="", postal_code="", city="Oakland", phone=""
        )
    found = place(one.id.hex)
    assert (found.address, found.phone) == ("", "")
    assert place("no such id").name == "Juniper Skin"


# In the client's words ------------------------------------------------------------------------------------------------

PLACE = Place("Juniper Skin", "Fillmore", "2100 Fillmore St", "", ZoneInfo("America/Los_Angeles"))


def values(language, zone="", starts=None):
    starts = starts or datetime(timezone.now().year, 6, 3, 21, 30, tzinfo=UTC)
    return composing.values(
        {"starts_at": starts.isoformat(), "token": ""}, PLACE, Choice(time_zone=zone), language
    )


@pytest.mark.parametrize(
    ("language", "clock"),
    [("en-US", "2:30 PM"), ("en-GB", "14:30"), ("de", "14:30 Uhr"), ("fr", "14 h 30"), ("es", "14:30")],
)
def test_day_and_time_are_said_as_the_language_says_them(language, clock):
    found = values(language)
    assert found["time"] == clock
    assert found["zone"] == ""
    day = {"en-US": "June 3", "en-GB": "3 June", "de": "3. Juni", "fr": "3 juin", "es": "3 de junio"}[
        language
    ]
    assert found["date"].endswith(day)


def test_where_the_clients_clock_differs_both_are_said():
    found = values("en-US", "America/New_York")
    assert (found["time"], found["zone"]) == ("5:30 PM", "(New York time; 2:30 PM there)")
    assert values("en-US", "America/Vancouver")["zone"] == ""
    assert values("de", "Europe/Berlin")["zone"] == "(Zeit in Berlin; vor Ort 14:30 Uhr)"


def test_another_year_is_said():
    far = datetime(timezone.now().year + 1, 6, 3, 21, 30, tzinfo=UTC)
    assert values("en-US", starts=far)["date"].endswith(f"June 3, {far.year}")


def test_a_visit_on_the_day_clocks_change_is_said_by_the_wall():
    starts = datetime(2026, 11, 1, 17, 0, tzinfo=UTC)
    assert values("en-US", starts=starts)["time"] == "9:00 AM"
    assert values("en-US", starts=starts - timedelta(days=1))["time"] == "10:00 AM"


def test_links_lead_to_this_house_and_a_preview_fills_every_slot(practice, settings):
    token = "tok"
    found = composing.links(token)
    assert all(link.startswith(settings.ALCOVE.public_address) and token in link for link in found.values())
    assert composing.links("") == dict.fromkeys(found, "")
    for language in LANGUAGES:
        for kind in KINDS:
            for channel in WRITTEN:
                which = texts.key(f"{kind}-{channel}-{language}")
                text = wording.shipped(kind, channel, language)
                look = texts.look(which, text.subject, text.body)
                assert not look.problem
                assert "{" not in look.words.subject + look.words.body
                assert which.slug == f"{kind}-{channel}-{language}"
