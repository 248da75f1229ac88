"""The menu: categories, services, who does them, what they need and require."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms

from alcove.clinic.practice.forms.sheet import Line, Minutes, Money, Sheet
from alcove.clinic.practice.models import (
    Category,
    EquipmentKind,
    Prerequisite,
    Room,
    Service,
    StaffProfile,
)
from alcove.clinic.practice.models.menu import TINTS
from alcove.clinic.practice.queries import countries
from alcove.clinic.practice.queries.menu import mark_of_does, mark_of_needs

TINT_WORDS = ("Green", "Clay", "Blue", "Plum", "Amber", "Grey")
_LONGEST = 720


class CategoryForm(Sheet):
    name = Line(max_length=80)
    is_online = forms.BooleanField(
        label="On the online menu", required=False, initial=True,
        help_text="Without it none of its services can be booked online.",
    )  # fmt: skip


class ServiceForm(Sheet):
    groups: ClassVar = [
        ("", ["name", "category", "description", ("price_minor", "deposit_minor")]),
        ("Time", ["minutes", ("buffer_before", "buffer_after"), ("hands_free_from", "hands_free_minutes")]),
        ("Online", ["is_online", ("lead_minutes", "cutoff_minutes"), "horizon_days", "alternative"]),
        ("In the calendar", ["tint", "is_active"]),
    ]
    name = Line(max_length=120)
    category = forms.ModelChoiceField(Category.objects.all(), empty_label=None)
    description = forms.CharField(max_length=600, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    price_minor = Money(label="Price")
    deposit_minor = Money(label="Deposit", required=False)
    minutes = Minutes(label="The client is here for", least=1, most=_LONGEST)
    buffer_before = Minutes(
        label="Prepare before", required=False, most=180, help_text="Keeps person, room and equipment."
    )
    buffer_after = Minutes(label="Clean up after", required=False, most=180)
    hands_free_minutes = Minutes(
        label="Hands-free time", required=False, most=_LONGEST,
        help_text="Cream works, a mask dries: the practitioner can see somebody else.",
    )  # fmt: skip
    hands_free_from = Minutes(label="Hands-free begins after", required=False, most=_LONGEST)
    is_online = forms.BooleanField(label="Can be booked online", required=False, initial=True)
    lead_minutes = Minutes(
        label="Book at least", required=False, most=60 * 24 * 60, initial=120, help_text="Before it begins."
    )
    cutoff_minutes = Minutes(
        label="Change or cancel until", required=False, most=60 * 24 * 60, initial=1440,
        help_text="Before it begins. A day is 1,440 minutes.",
    )  # fmt: skip
    horizon_days = Minutes(label="Book ahead at most", least=1, most=730, initial=90)
    alternative = forms.ModelChoiceField(
        Service.objects.filter(is_active=True), required=False, empty_label="Nothing",
        label="Offer instead to those who may not book it",
    )  # fmt: skip
    tint = forms.TypedChoiceField(
        label="Colour", coerce=int, choices=list(enumerate(TINT_WORDS[:TINTS])), initial=0
    )
    is_active = forms.BooleanField(
        label="On the menu", required=False, initial=True,
        help_text="Off the menu it is not booked any more. What is booked stands.",
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["horizon_days"].unit = "days"  # type: ignore[attr-defined]  # as Minutes has it

    def clean(self) -> dict[str, Any]:
        """Say beside its field what cannot be."""
        given = super().clean() or {}
        given["deposit_minor"] = given.get("deposit_minor") or 0
        minutes = given.get("minutes")
        if minutes and given.get("hands_free_from", 0) + given.get("hands_free_minutes", 0) > minutes:
            self.add_error("hands_free_minutes", "The hands-free time ends after the appointment.")
        if given.get("price_minor") is not None and given["deposit_minor"] > given["price_minor"]:
            self.add_error("deposit_minor", "The deposit is more than the price.")
        return given


class DoesForm(Sheet):
    """Who does a service: a tick for each, minutes and price where theirs differ."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, service: Service, **options: Any) -> None:
        self.profiles = list(StaffProfile.objects.all())
        held = {row.profile_id: row for row in service.staff.all()}
        initial: dict[str, Any] = {"seen": mark_of_does(service)}
        for profile_id, row in held.items():
            initial |= {f"does_{profile_id}": True, f"minutes_{profile_id}": row.minutes}
            initial |= {f"price_{profile_id}": row.price_minor}
        super().__init__(data, initial=initial, **options)
        for profile in self.profiles:
            name = profile.shown_name
            self.fields[f"does_{profile.pk}"] = forms.BooleanField(label=name, required=False)
            self.fields[f"minutes_{profile.pk}"] = forms.IntegerField(
                label=f"{name}: minutes", required=False, min_value=1, max_value=_LONGEST
            )
            self.fields[f"price_{profile.pk}"] = Money(label=f"{name}: price", required=False)

    def rows(self) -> list[dict[str, Any]]:
        """Return what the template draws: a person and their three fields."""
        return [
            {
                "profile": profile, "does": self[f"does_{profile.pk}"], "minutes": self[f"minutes_{profile.pk}"],
                "price": self[f"price_{profile.pk}"],
            }
            for profile in self.profiles
        ]  # fmt: skip

    def values(self) -> dict[str, Any]:
        """Return by profile their minutes and price, None where they are the service's own."""
        given = self.cleaned_data
        does: dict[UUID, tuple[int | None, int | None]] = {
            profile.pk: (given[f"minutes_{profile.pk}"], given[f"price_{profile.pk}"])
            for profile in self.profiles
            if given[f"does_{profile.pk}"]
        }
        return {"does": does, "seen": given["seen"]}


class NeedsForm(Sheet):
    """Where a service is done and with what."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    needs_room = forms.BooleanField(label="It needs a room", required=False)
    rooms = forms.ModelMultipleChoiceField(
        Room.objects.select_related("location").order_by("location__name", "name"), required=False,
        widget=forms.CheckboxSelectMultiple, label="Only in these rooms", help_text="None ticked: in any room.",
    )  # fmt: skip
    kinds = forms.ModelMultipleChoiceField(
        EquipmentKind.objects.all(), required=False, widget=forms.CheckboxSelectMultiple,
        label="Equipment it takes", help_text="One device of each kind that is ticked.",
    )  # fmt: skip

    def __init__(self, data: Any = None, *, service: Service, **options: Any) -> None:
        initial = {
            "needs_room": service.needs_room, "rooms": [row.room_id for row in service.rooms.all()],
            "kinds": [row.kind_id for row in service.equipment.all()], "seen": mark_of_needs(service),
        }  # fmt: skip
        super().__init__(data, initial=initial, **options)
        rooms: Any = self.fields["rooms"]
        rooms.label_from_instance = lambda room: f"{room.name}, {room.location.name}"


class AgeForm(Sheet):
    years = forms.IntegerField(label="At least", min_value=1, max_value=119)
    area = forms.CharField(
        max_length=6, required=False, label="Only where",
        help_text="A country or state: GB, GB-ENG, US-CA. Empty: everywhere.",
    )  # fmt: skip
    why = forms.ChoiceField(
        choices=[(one.value, one.label) for one in (Prerequisite.Why.LAW, Prerequisite.Why.SAFETY)],
        label="Why",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["years"].unit = "years old"  # type: ignore[attr-defined]  # as Minutes has it

    def clean_area(self) -> str:
        """Return a code of ISO 3166."""
        area = str(self.cleaned_data["area"]).strip().upper()
        country, _, region = area.partition("-")
        if area and (
            country not in countries.COUNTRIES or (region and countries.region_fault(country, region))
        ):
            raise forms.ValidationError("Write it like GB, GB-ENG or US-CA.")
        return area


class EarlierForm(Sheet):
    groups: ClassVar = [("", ["earlier", "why", ("valid_days", "wait_hours")])]
    earlier = forms.ModelChoiceField(Service.objects.none(), label="What comes first", empty_label=None)
    why = forms.ChoiceField(
        label="Why",
        choices=[
            (one.value, one.label)
            for one in (
                Prerequisite.Why.CONSULTATION, Prerequisite.Why.PATCH_TEST, Prerequisite.Why.EXAM,
                Prerequisite.Why.SAFETY,
            )
        ],
    )  # fmt: skip
    valid_days = Minutes(
        label="It counts for", required=False, most=3650, initial=365, help_text="Empty: for ever."
    )
    wait_hours = Minutes(
        label="Wait after it at least",
        required=False,
        most=8760,
        help_text="48 after a patch test, for instance.",
    )

    def __init__(self, *args: Any, service: Service, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["earlier"].queryset = Service.objects.exclude(pk=service.pk)  # type: ignore[attr-defined]  # a choice of rows
        self.fields["valid_days"].unit = "days"  # type: ignore[attr-defined]  # as Minutes has it
        self.fields["wait_hours"].unit = "hours"  # type: ignore[attr-defined]  # as Minutes has it


class FormForm(Sheet):
    form = Line(label="Name of the form", max_length=80, help_text="Such as “Medical history”.")
    why = forms.ChoiceField(
        choices=[(one.value, one.label) for one in (Prerequisite.Why.SAFETY, Prerequisite.Why.LAW)],
        label="Why",
    )
