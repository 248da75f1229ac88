"""What the clients of the demo bring with them: allergies, medication, conditions, and the alerts that follow.

Codes: RxNorm ingredients, ICD-10-CM, SNOMED CT, LOINC; "" where none was known for sure.
"""

# ruff: noqa: E501 - a table of texts is read line by line

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from alcove.clinic.records.models.content import (
    Allergy,
    Condition,
    Entry,
    Immunisation,
    Medication,
    Procedure,
)
from alcove.project.demo.luck import chance

RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10: Final = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED: Final = "http://snomed.info/sct"
CVX: Final = "http://hl7.org/fhir/sid/cvx"


@dataclass(frozen=True, slots=True)
class Warned:
    """An alert to be. ``text`` "" means that it is the front desk's own; ``days``: until it ends, from the start."""

    kind: str
    severity: str
    text: str
    desk: str = ""
    days: int = 0


@dataclass
class Health:
    """What is known of one client's health. ``facts``: sentences for the history section of a note."""

    alerts: list[Warned] = field(default_factory=list)
    entries: list[tuple[str, Entry]] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    skin: str = "II"
    kilograms: float = 66.0
    systolic: int = 118

    @property
    def takes_lidocaine(self) -> bool:
        return "lidocaine" not in self.flags


_ALLERGIES: Final = (
    (5, Allergy("Penicillin", "70618", RXNORM, criticality="high", category="medication", reaction="Widespread rash")),
    (3, Allergy("Sulfonamides", criticality="low", category="medication", reaction="Hives")),
    (3, Allergy("Codeine", "2670", RXNORM, criticality="low", category="medication", reaction="Itching, nausea")),
    (2, Allergy("Ibuprofen", "5640", RXNORM, criticality="high", category="medication", reaction="Swelling of lips")),
    (2, Allergy("Aspirin", "1191", RXNORM, criticality="high", category="medication", reaction="Wheeze")),
    (2, Allergy("Latex", "300916003", SNOMED, criticality="high", category="environment", reaction="Contact hives")),
    (4, Allergy("Nickel", criticality="low", category="environment", reaction="Contact dermatitis")),
    (2, Allergy("Chlorhexidine", criticality="high", category="environment", reaction="Redness and swelling")),
    (2, Allergy("Peanut", "91935009", SNOMED, criticality="high", category="food", reaction="Anaphylaxis in 2011; carries adrenaline")),
    (2, Allergy("Egg", "91930004", SNOMED, criticality="low", category="food", reaction="Stomach ache as a child")),
    (2, Allergy("Adhesive tape", criticality="low", category="environment", reaction="Redness where it sticks")),
    (2, Allergy("Fragrance mix", criticality="low", category="environment", reaction="Eczema of the eyelids")),
)  # fmt: skip  # percent of clients first

_MEDICATION: Final = (
    (7, Medication("Levothyroxine", "10582", RXNORM, dose="75 micrograms once a day"), Condition("Hypothyroidism", "E03.9", ICD10, status="active")),
    (6, Medication("Sertraline", "36437", RXNORM, dose="50 mg once a day"), None),
    (5, Medication("Spironolactone", "9997", RXNORM, dose="50 mg once a day", reason="adult acne"), Condition("Acne vulgaris", "L70.0", ICD10, status="active")),
    (4, Medication("Lisinopril", "29046", RXNORM, dose="10 mg once a day"), Condition("Essential hypertension", "I10", ICD10, status="active")),
    (4, Medication("Tretinoin 0.025 % cream", "10753", RXNORM, dose="at night, three times a week", reason="photoageing"), Condition("Photoaged skin", "L57.8", ICD10, status="active")),
    (3, Medication("Metformin", "6809", RXNORM, dose="500 mg twice a day"), None),
    (3, Medication("Atorvastatin", "83367", RXNORM, dose="20 mg at night"), None),
    (3, Medication("Sumatriptan", "37418", RXNORM, dose="50 mg when needed"), Condition("Migraine", "G43.909", ICD10, status="active")),
    (4, Medication("Combined oral contraceptive", dose="once a day"), None),
    (3, Medication("Cetirizine", "20610", RXNORM, dose="10 mg when needed"), None),
    (2, Medication("Omeprazole", "7646", RXNORM, dose="20 mg once a day"), None),
    (2, Medication("Albuterol inhaler", "435", RXNORM, dose="when needed"), Condition("Asthma", "J45.909", ICD10, status="active")),
    (2, Medication("Doxycycline", "3640", RXNORM, dose="40 mg once a day", reason="rosacea"), None),
    (3, Medication("Fish oil and vitamin E", dose="once a day"), None),
)  # fmt: skip  # percent of clients first

_CONDITIONS: Final = (
    (9, Condition("Rosacea", "L71.9", ICD10, status="active")),
    (9, Condition("Melasma", "L81.1", ICD10, status="active")),
    (6, Condition("Post-inflammatory hyperpigmentation", "L81.0", ICD10, status="active")),
    (4, Condition("Atopic dermatitis", "L20.9", ICD10, status="active")),
    (3, Condition("Psoriasis vulgaris", "L40.0", ICD10, status="active")),
    (3, Condition("Hirsutism", "L68.0", ICD10, status="active")),
    (3, Condition("Axillary hyperhidrosis", "L74.510", ICD10, status="active")),
    (4, Condition("Acne scars", "L90.5", ICD10, status="active")),
    (3, Condition("Seborrheic dermatitis", "L21.9", ICD10, status="active")),
    (2, Condition("Actinic keratosis, treated", "L57.0", ICD10, status="resolved")),
    (4, Condition("Melanocytic nevi of the trunk", "D22.5", ICD10, status="active")),
)
_PAST: Final = (
    (4, Procedure("Caesarean section")), (4, Procedure("Upper blepharoplasty, elsewhere")),
    (3, Procedure("Breast augmentation, elsewhere")), (3, Procedure("LASIK, both eyes")),
    (3, Procedure("Mole excision, back, benign on histology")), (2, Procedure("Rhinoplasty, elsewhere")),
)  # fmt: skip


_WOMENS: Final = frozenset({
    "Combined oral contraceptive", "Hirsutism", "Melasma", "Caesarean section", "Breast augmentation, elsewhere",
    "Spironolactone",
})  # fmt: skip


def invent_health(rng: Random, today: date, born: date, since: date, *, is_woman: bool) -> Health:
    """Return what one client brings: common things by chance, and the rare ones that make alerts."""
    made = Health(skin=rng.choices(("I", "II", "III", "IV", "V", "VI"), (6, 27, 30, 19, 12, 6))[0])
    age = (today - born).days // 365
    made.kilograms = round(rng.gauss(66 if is_woman else 82, 9), 1)
    made.systolic = int(min(158, rng.gauss(112 + age / 5, 9)))
    for percent, allergy in _ALLERGIES:
        if chance(rng, percent):
            made.entries.append(("allergy", _since(allergy, since.year - rng.randint(2, 15))))
            made.facts.append(
                f"Allergic to {allergy.name.lower()} ({allergy.reaction[0].lower()}{allergy.reaction[1:]})."
            )
    if age >= 18:  # noqa: PLR2004 - grown-ups' medication
        _medicate(rng, made, since, is_woman=is_woman)
    for percent, condition in _CONDITIONS:
        if chance(rng, percent) and (is_woman or condition.name not in _WOMENS):
            made.entries.append(("condition", _since(condition, since.year - rng.randint(0, 9))))
    for percent, procedure in _PAST:
        if age > 24 and chance(rng, percent) and (is_woman or procedure.name not in _WOMENS):  # noqa: PLR2004 - years
            made.entries.append(
                ("procedure", _since(procedure, since.year - rng.randint(1, 8), status="completed"))
            )
    if chance(rng, 16):
        made.entries.append(("immunisation", Immunisation("Influenza vaccine", "140", CVX, start=f"{since.year - 1}-10-{rng.randint(10, 28)}", status="completed")))  # fmt: skip
    _warn(rng, made, today, since, is_woman=is_woman, age=age)
    return made


def _medicate(rng: Random, made: Health, since: date, *, is_woman: bool) -> None:
    for percent, medication, condition in _MEDICATION:
        if not chance(rng, percent) or (medication.name in _WOMENS and not is_woman):
            continue
        year = since.year - rng.randint(0, 6)
        made.entries.append(("medication", _since(medication, year, status="active")))
        if condition:
            made.entries.append(("condition", _since(condition, year)))
        made.facts.append(f"Takes {medication.name[0].lower()}{medication.name[1:]}, {medication.dose}.")


def _since(entry: Entry, year: int, *, status: str = "") -> Entry:
    return replace(entry, start=str(year), status=status or entry.status or "active")


def _warn(rng: Random, made: Health, today: date, since: date, *, is_woman: bool, age: int) -> None:
    """Add what has to stay in view. The order decides where two exclude each other."""
    bleeding = chance(rng, 2.5 if age > 50 else 0.7)  # noqa: PLR2004 - years
    if chance(rng, 1.8):
        _lidocaine(made, since)
    if bleeding:
        drug, code = rng.choice((("Apixaban", "1364430"), ("Warfarin", "11289")))
        made.flags.add("bleeds")
        made.entries.append(("medication", Medication(drug, code, RXNORM, start=str(since.year - 1), status="active", reason="atrial fibrillation")))  # fmt: skip
        made.alerts.append(Warned("clinical", "warning", f"Takes {drug.lower()}: expect bruising. No needle treatment without a word from the prescriber, and never stop it for a cosmetic treatment."))  # fmt: skip
        made.facts.append(f"Anticoagulated with {drug.lower()} for atrial fibrillation.")
    if is_woman and 24 <= age <= 42:  # noqa: PLR2004 - years
        _expecting(rng, made, today, since)
    _skin(rng, made, since, age)
    for percent, warned, fact in _RARE:
        if chance(rng, percent):
            made.alerts.append(warned)
            if fact:
                made.facts.append(fact)
    for percent, text in _DESK:
        if chance(rng, percent):
            made.alerts.append(Warned("access", "note", "", desk=text))


def _skin(rng: Random, made: Health, since: date, age: int) -> None:
    if chance(rng, 6):
        made.flags.add("cold sores")
        made.entries.append(("condition", Condition("Recurrent cold sores", "B00.1", ICD10, start=str(since.year - 8), status="active")))  # fmt: skip
        made.alerts.append(Warned("clinical", "warning", "Cold sores: valacyclovir 500 mg twice a day from the day before any lip treatment, peel or laser near the mouth."))  # fmt: skip
        made.facts.append("Two to three cold sores a year, last one in spring.")
    if chance(rng, 0.9) and age < 36:  # noqa: PLR2004 - years
        made.flags.add("isotretinoin")
        made.entries.append(("medication", Medication("Isotretinoin", "6064", RXNORM, dose="20 mg once a day", start=since.isoformat(), status="active", reason="nodular acne", prescriber="Dr Tomás Iglesias")))  # fmt: skip
        made.alerts.append(Warned("safety", "critical", "On isotretinoin: no peel, laser, microneedling or waxing until six months after the last capsule.", days=540))  # fmt: skip
        made.facts.append("On isotretinoin for nodular acne.")


def _lidocaine(made: Health, since: date) -> None:
    made.flags.add("lidocaine")
    made.entries.append(("allergy", Allergy("Lidocaine", "6387", RXNORM, start=str(since.year - 2), status="active", criticality="high", category="medication", reaction="Swelling of the face and wheeze at the dentist's")))  # fmt: skip
    made.alerts.append(Warned("allergy", "critical", "Allergic to lidocaine: swelling and wheeze. No topical or injected anaesthetic, no filler that contains it."))  # fmt: skip
    made.facts.insert(
        0, "Allergic to lidocaine (facial swelling and wheeze at the dentist's); tolerates articaine."
    )


def _expecting(rng: Random, made: Health, today: date, since: date) -> None:
    if chance(rng, 2.5):
        made.flags.add("pregnant")
        ends = (today - since).days + rng.randint(60, 200)
        made.alerts.append(Warned("safety", "critical", "Pregnant: no toxin, filler, retinoid, deep peel or laser. Skin care advice only.", days=ends))  # fmt: skip
        made.entries.append(("condition", Condition("Normal pregnancy", "72892002", SNOMED, start=(today - timedelta(days=60)).isoformat(), status="active")))  # fmt: skip
    elif chance(rng, 2.5):
        made.alerts.append(Warned("safety", "warning", "Breastfeeding: toxin and peels with hydroquinone wait until weaned.", days=200))  # fmt: skip


_RARE: Final = (
    (2.0, Warned("clinical", "warning", "Forms keloids (chest, shoulders). No needling, laser or excision there without a test spot."), "Keloid on the left shoulder after a vaccination."),
    (0.5, Warned("safety", "critical", "Myasthenia gravis: botulinum toxin is contraindicated.", desk="Ask a clinician before booking any injection."), "Myasthenia gravis, followed by neurology."),
    (2.5, Warned("clinical", "warning", "Has fainted at needles: treat lying down, ten minutes' rest afterwards."), "Fainted twice when blood was taken."),
    (0.8, Warned("clinical", "warning", "Epilepsy, well controlled: no flashing light sources without the neurologist's letter."), "Epilepsy, free of seizures for six years on lamotrigine."),
    (0.8, Warned("clinical", "note", "Filler of unknown origin in both cheeks (2017, abroad): ultrasound before any injection there."), "Had an unknown filler abroad in 2017."),
    (1.0, Warned("clinical", "warning", "Vascular occlusion after lip filler in 2022, elsewhere: hyaluronidase ready, cannula only."), "Vascular occlusion of the upper lip in 2022, healed."),
    (0.8, Warned("safety", "warning", "Ex-partner works nearby: speak of visits to nobody who calls.", desk="Confirm nothing to callers. Contact by e-mail only."), ""),
)  # fmt: skip  # percent of clients first
_DESK: Final = (
    (1.3, "Uses a wheelchair: room 1, and the ramp at the side door."),
    (0.8, "Hard of hearing: speak face to face, and write down times."),
    (0.7, "Comes with a guide dog. Room 2 has the space."),
    (0.9, "Book an interpreter when the appointment is longer than 30 minutes."),
    (1.0, "Two late cancellations: ask for the deposit when booking."),
    (0.6, "Please book with Grace Okonkwo only."),
)
