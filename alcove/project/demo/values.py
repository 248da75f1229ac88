"""What is measured in the demo: vital signs and laboratory values with unit and reference range, over time."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Final

from alcove.clinic.records.models.content import Entry, Observation
from alcove.project.demo.health import Health
from alcove.project.demo.luck import chance

LOINC: Final = "http://loinc.org"

_LABS: Final = (
    ("Ferritin", "2276-4", "ng/mL", "13", "150", 48, 22),
    ("TSH", "3016-3", "m[IU]/L", "0.4", "4.2", 2.3, 0.9),
    ("25-hydroxyvitamin D3", "1989-3", "ng/mL", "30", "100", 31, 9),
    ("Hemoglobin", "718-7", "g/dL", "12.0", "15.5", 13.2, 0.9),
    ("Hemoglobin A1c", "4548-4", "%", "4.0", "5.6", 5.4, 0.3),
)  # name, LOINC, unit, low, high, middle, spread


def measured(rng: Random, health: Health, day: date, *, is_first: bool) -> list[tuple[str, Entry]]:
    """Return what was measured at one visit. Who is followed closely has all of it at every visit."""
    followed = "followed" in health.flags or (is_first and chance(rng, 16))
    if followed:
        health.flags.add("followed")
    found: list[tuple[str, Entry]] = []
    if followed or is_first or chance(rng, 6):
        found.append(("observation", blood_pressure(rng, health, day)))
    if followed or (is_first and chance(rng, 30)):
        health.kilograms = round(health.kilograms + rng.gauss(-0.2, 0.6), 1)
        found.append(("observation", Observation("Body weight", "29463-7", LOINC, start=day.isoformat(), status="final", category="vital-signs", value=str(health.kilograms), unit="kg")))  # fmt: skip  # noqa: E501
    if followed:
        found += [("observation", _lab(rng, day, row)) for row in _LABS if chance(rng, 55)]
    return found


def blood_pressure(rng: Random, health: Health, day: date) -> Observation:
    """Return one reading, a panel of two values."""
    systolic = int(health.systolic + rng.gauss(0, 5))
    diastolic = int(systolic * 0.64 + rng.gauss(0, 3))
    parts = [
        {
            "name": name,
            "code": code,
            "system": LOINC,
            "value": str(value),
            "unit": "mm[Hg]",
            "low": low,
            "high": high,
        }
        for name, code, value, low, high in (
            ("Systolic", "8480-6", systolic, "90", "130"),
            ("Diastolic", "8462-4", diastolic, "60", "85"),
        )
    ]
    return Observation(
        "Blood pressure",
        "85354-9",
        LOINC,
        start=day.isoformat(),
        status="final",
        category="vital-signs",
        parts=parts,
    )


def _lab(rng: Random, day: date, row: tuple[str, str, str, str, str, float, float]) -> Observation:
    name, code, unit, low, high, middle, spread = row
    number = max(float(low) * 0.5, rng.gauss(middle, spread))
    value = f"{number:.0f}" if middle > 25 else f"{number:.1f}"  # noqa: PLR2004 - large values need no tenths
    flag = "L" if float(value) < float(low) else "H" if float(value) > float(high) else ""
    return Observation(
        name, code, LOINC, start=day.isoformat(), status="final", category="laboratory", value=value, unit=unit,
        low=low, high=high, flag=flag,
    )  # fmt: skip
