"""Whether somebody may book a service online, and if not, why, and what they may book instead (CAL-10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from alcove.clinic.calendar.models import Appointment, Booking
from alcove.clinic.practice.models import Location, Practice, Prerequisite, Service

_WHY: Final = {
    Prerequisite.Why.CONSULTATION: "a consultation",
    Prerequisite.Why.PATCH_TEST: "a patch test",
    Prerequisite.Why.EXAM: "an exam by a prescriber",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not, in a sentence for the patient."""

    kind: str
    sentence: str


class NotEligible(Exception):
    """This patient may not book this service online; the page shows ``reasons`` and the alternative."""

    def __init__(self, reasons: list[Reason]) -> None:
        super().__init__("This service cannot be booked online by this patient.")
        self.reasons = reasons


def applying(service: Service, location: Location) -> list[Prerequisite]:
    """Return what a service asks for at a location; rules of other countries and regions are left out."""
    here = codes(location)
    return [
        row for row in service.prerequisites.select_related("earlier") if not row.area or row.area in here
    ]


def codes(location: Location) -> frozenset[str]:
    """Return the codes of ISO 3166 in which a location lies: ``GB`` and ``GB-ENG``."""
    country = location.country or Practice.objects.values_list("country", flat=True).first() or ""
    region = location.region
    return frozenset(code for code in (country, f"{country}-{region}" if region else "") if code)


def words(service: Service, location: Location) -> list[str]:
    """Return what a service asks for, said before anybody chooses it."""
    return [_asked(row) for row in applying(service, location)]


def _asked(row: Prerequisite) -> str:
    if row.kind == Prerequisite.Kind.AGE:
        return f"From {row.years} years"
    if row.kind == Prerequisite.Kind.EARLIER:
        return f"Only after {_earlier(row)}"
    return "A form is filled in beforehand"


def _earlier(row: Prerequisite) -> str:
    named = row.earlier.name if row.earlier is not None else "another visit"
    why = _WHY.get(Prerequisite.Why(row.why))
    if not why or why.rpartition(" ")[2] in named.casefold():
        return why or named
    return f"{why} ({named})"


def age_on(born: date, day: date) -> int:
    """Return whole years on a day. Who was born on 29 February is a year older on 1 March where there is none."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def why_not(
    service: Service, location: Location, starts_at: datetime, *, born: date, client_id: UUID | None
) -> list[Reason]:
    """Return why a patient may not book a service for this time; an empty list if they may.

    ``client_id`` None: nobody the practice knows, so nothing was done before.
    """
    found = []
    for row in applying(service, location):
        reason = _missing(row, starts_at, location, born, client_id)
        if reason is not None:
            found.append(reason)
    return found


def _missing(
    row: Prerequisite, starts_at: datetime, location: Location, born: date, client_id: UUID | None
) -> Reason | None:
    if row.kind == Prerequisite.Kind.AGE:
        on = starts_at.astimezone(location.zone).date()
        if age_on(born, on) >= row.years:
            return None
        return Reason(row.kind, f"This service is for people of {row.years} years and older.")
    if row.kind == Prerequisite.Kind.EARLIER:
        return (
            None if client_id and _was_done(row, starts_at, client_id) else Reason(row.kind, _sentence(row))
        )
    # Nothing can say yet that a form is complete, so nobody passes: staff book it.
    return Reason(row.kind, "A form has to be filled in first. The practice sends it to you.")


def _was_done(row: Prerequisite, starts_at: datetime, client_id: UUID) -> bool:
    """Whether the earlier service was done, not too long and not too shortly before."""
    rows = Appointment.objects.filter(
        client_id=client_id, service=row.earlier, booking__state=Booking.State.DONE,
        ends_at__lte=starts_at - timedelta(hours=row.wait_hours),
    )  # fmt: skip
    if row.valid_days:
        rows = rows.filter(ends_at__gte=starts_at - timedelta(days=row.valid_days))
    return rows.exists()


def _sentence(row: Prerequisite) -> str:
    times = []
    if row.wait_hours:
        times.append(f"at least {_hours(row.wait_hours)} before")
    if row.valid_days:
        times.append(f"within the last {row.valid_days} days")
    when = f", {' and '.join(times)}" if times else ""
    earlier = _earlier(row)
    return f"{earlier[:1].upper()}{earlier[1:]} comes first{when}."


def _hours(hours: int) -> str:
    days, rest = divmod(hours, 24)
    if days and not rest:
        return f"{days} day{'s' if days > 1 else ''}"
    return f"{hours} hour{'s' if hours > 1 else ''}"
