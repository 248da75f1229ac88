"""Columns are placed by their names, whoever wrote the export; consent never is; a --map file has the last word."""

import json

import pytest

from alcove.clinic.clients.queries import mapping
from alcove.clinic.clients.queries.headings import KNOWN, PLACES


def places(*headings):
    return [mapping.placed(heading)[0] for heading in headings]


@pytest.fixture
def systems(shared):
    found = json.loads((shared / "contacts" / "practice_system_columns.json").read_text("utf-8"))
    return {name: system["patients"] for name, system in found.items()}


def test_every_column_of_the_systems_we_have_seen_is_known(systems):
    unknown = {
        (name, column.heading)
        for name, headings in systems.items()
        for column in mapping.guessed(headings)
        if column.is_unplaced
    }
    assert unknown == set()


def test_each_export_is_recognised_by_its_columns(systems):
    names = {name: mapping.system(headings) for name, headings in systems.items()}
    assert names == {
        "jane": "Jane", "cliniko": "Cliniko", "mindbody": "Mindbody", "aestheticc": "Aestheticc",
        "reservation_studio": "Reservation Studio", "schedulista": "Schedulista",
    }  # fmt: skip
    assert mapping.system(["First name", "Last name", "Shoe size"]) == ""


def test_a_name_is_the_same_however_it_is_written():
    assert (
        places("First Name", "first_name", "firstName", "FIRST NAME", "First-name", "Client First Name")
        == ["given"] * 6
    )
    assert (
        places("Date of Birth", "DOB", "dateOfBirth", "D.O.B.", "Birth Date (DD/MM/YYYY)", "Patient DOB")
        == ["born"] * 6
    )
    assert places("Prénom", "Vorname", "Imię", "Apellidos", "Téléphone", "E-Mail-Adresse") == [
        "given",
        "given",
        "given",
        "family",
        "phone",
        "email",
    ]


def test_google_contacts_of_both_generations_are_placed():
    generation = (
        "Name,Given Name,Additional Name,Family Name,Yomi Name,Name Prefix,Name Suffix,Nickname,Birthday,Gender,Occupation,"
        "Notes,Group Membership,E-mail 1 - Type,E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Type,Phone 1 - Value,"
        "Address 1 - Formatted,Address 1 - Street,Address 1 - City,Address 1 - Region,Address 1 - Postal Code,"
        "Address 1 - Country"
    )
    old = mapping.guessed(generation.split(","))
    assert [column.place for column in old] == [
        "full name", "given", "middle", "family", "reading", "title", "suffix", "preferred", "born", "sex", "occupation",
        "clinical note", "aside", "aside", "email", "email", "aside", "phone", "address", "address line", "city", "state",
        "postal", "country",
    ]  # fmt: skip
    new = "First Name,Middle Name,Last Name,Phonetic First Name,Name Prefix,Name Suffix,Nickname,File As,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value"
    assert "aside" not in places(
        *(name for name in new.split(",") if "Label" not in name and name != "File As")
    )
    assert (
        mapping.system(new.split(","))
        == mapping.system([column.heading for column in old])
        == "Google Contacts"
    )


def test_outlook_pabau_and_zenoti_are_placed():
    outlook = "Title,First Name,Middle Name,Last Name,Suffix,Home Street,Home City,Home State,Home Postal Code,Home Country/Region,Home Phone,Mobile Phone,Birthday,E-mail Address,E-mail 2 Address,Gender,Notes,Spouse"
    assert places(*outlook.split(",")) == [
        "title", "given", "middle", "family", "suffix", "address line", "city", "state", "postal", "country", "phone", "phone",
        "born", "email", "email", "sex", "clinical note", "partner name",
    ]  # fmt: skip
    pabau = "Client ID,Salutation,First Name,Last Name,DOB,Gender,Email,Mobile,Phone,mailing_street,mailing_city,mailing_county,mailing_postal,mailing_country,opt_in_email,opt_in_sms,opt_in_newsletter"
    assert places(*pabau.split(",")) == [
        "number", "title", "given", "family", "born", "sex", "email", "phone", "phone", "address line", "city", "state",
        "postal", "country", "consent", "consent", "consent",
    ]  # fmt: skip
    zenoti = "Guest Code,First Name,Last Name,Mobile Phone,Email,Gender,Date Of Birth,Receive Marketing Email,Receive Transactional SMS,Base Center"
    assert places(*zenoti.split(",")) == [
        "number",
        "given",
        "family",
        "phone",
        "email",
        "sex",
        "born",
        "consent",
        "consent",
        "aside",
    ]


def test_names_nobody_has_seen_are_placed_by_their_words_and_marked_as_guessed():
    cases = {
        "Best Mobile To Reach": "phone", "Clients E-mail (private)": "email", "Mobile of Emergency Person": "emergency phone",
        "Mother's name": "guardian name", "Family doctor's telephone": "gp phone", "Date client's birth": "born",
        "Known drug allergies": "alert", "Reception notes": "clinical note",
    }  # fmt: skip
    for heading, place in cases.items():
        assert mapping.placed(heading) == (place, mapping.LIKE), heading


def test_a_column_that_nothing_tells_of_is_unplaced_and_kept_aside():
    assert mapping.placed("Loyalty tier") == ("aside", mapping.UNKNOWN)
    assert mapping.guessed(["Loyalty tier"])[0].is_unplaced
    assert mapping.placed("Place of birth")[0] == "aside"


@pytest.mark.parametrize(
    "heading",
    ["Marketing Email Opt-In", "Accepts SMS Marketing", "SendPromotionalTexts", "opt_in_post", "Newsletter?", "Subscribed", "GDPR",
     "Consent to photos", "Accepted Privacy Policy", "LiabilityRelease", "Do not contact", "SMS reminders", "Unsubscribed at"],
)  # fmt: skip
def test_consent_is_recognised(heading):
    assert mapping.placed(heading)[0] == "consent"


@pytest.mark.parametrize(
    "heading",
    ["Password", "Credit Card Number", "Card expiry", "CVV", "IBAN", "Bank account", "Stripe customer"],
)
def test_cards_accounts_and_passwords_are_not_taken_over(heading):
    assert mapping.placed(heading)[0] == "secret"


def test_no_name_stands_for_two_places():
    names = [name for names in KNOWN.values() for name in names.split()]
    assert len(names) == len(set(names))
    assert set(KNOWN) <= set(PLACES)


# --map -------------------------------------------------------------------------------------------------------------


def told(tmp_path, content):
    path = tmp_path / "map.toml"
    path.write_text(content, "utf-8")
    return mapping.read_map(path)


def test_what_the_map_says_comes_before_what_is_guessed(tmp_path):
    said = told(
        tmp_path,
        '[columns]\n"Ref" = "leave out"\n"Tier" = "note"\n[read]\ndates = "month first"\ncountry = "GB"\n',
    )
    columns = mapping.guessed(["First name", "Ref", "Tier"], said)
    assert [(column.place, column.how) for column in columns] == [
        ("given", mapping.NAMED), ("leave out", mapping.SAID), ("note", mapping.SAID),
    ]  # fmt: skip
    assert (said.day_first, said.country) == (False, "GB")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("columns = ", "not valid TOML"),
        ("[colums]\n", "colums"),
        ('[columns]\n"A" = "firstname"\n', "does not exist"),
        ('[columns]\n"Opt in" = "consent"\n', "cannot be imported"),
        ('[read]\ndates = "american"\n', "day first"),
        ('[read]\ncountry = "England"\n', "two capital letters"),
        ('[read]\ndelimiter = ";;"\n', "one sign"),
        ('[read]\nspeed = "high"\n', "may say"),
    ],
)
def test_a_map_with_a_mistake_is_refused_with_what_is_allowed(tmp_path, content, word):
    with pytest.raises(mapping.BadMap, match=word):
        told(tmp_path, content)


def test_a_map_that_names_a_column_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(mapping.BadMap, match="no column called"):
        mapping.guessed(["First name"], told(tmp_path, '[columns]\n"Firstname" = "given"\n'))
