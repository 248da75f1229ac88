"""Setup's pages: each answers, bad input is said beside its field, what was typed stays, two people do not overwrite."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from alcove.clinic.practice.models import (
    Category,
    Closure,
    EquipmentKind,
    Location,
    Practice,
    Room,
    Service,
    ServiceStaff,
    StaffProfile,
)
from alcove.clinic.practice.queries import weeks
from alcove.clinic.practice.tests.samples import samples
from alcove.security.access.models import Version
from alcove.security.audit.models import Entry

NINE, NOON, ONE, SIX = 9 * 60, 12 * 60, 13 * 60, 18 * 60


@pytest.fixture
def owner(practice):
    return practice.signed_in("owner")


@pytest.fixture
def given(practice):
    return samples(practice)


def post(browser, route, /, *args, **data):
    return browser.post(reverse(f"practice:{route}", args=args), data, secure=True)


def service_form(given, **more):
    form = {
        "name": "Glow facial", "category": given["category_id"], "price_minor": "120", "minutes": "60",
        "horizon_days": "90", "tint": "2", "is_online": "on", "is_active": "on",
    }  # fmt: skip
    return form | more


PAGES = [
    ("practice", ()), ("locations", ()), ("new_location", ()), ("location", ("location_id",)),
    ("hours", ("location_id",)), ("room", ("room_id",)), ("equipment", ()), ("kind", ("kind_id",)),
    ("unit", ("unit_id",)), ("closures", ()), ("closure", ("closure_id",)), ("team", ()), ("new_profile", ()),
    ("profile", ("profile_id",)), ("work", ("profile_id", "location_id")), ("new_leave", ("profile_id",)),
    ("leave", ("leave_id",)), ("menu", ()), ("new_category", ()), ("category", ("category_id",)),
    ("new_service", ()), ("service", ("service_id",)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "names"), PAGES)
def test_every_page_answers_whoever_may_edit(owner, given, name, names):
    answer = owner.get(reverse(f"practice:{name}", args=[given[one] for one in names]), secure=True)
    assert answer.status_code == 200
    assert b"<h1>" in answer.content


def test_those_who_may_see_but_not_edit_are_shown_no_form(practice, given):
    desk = practice.signed_in("front_desk")
    for name, args in (
        ("menu", ()),
        ("service", (given["service_id"],)),
        ("profile", (given["profile_id"],)),
    ):
        answer = desk.get(reverse(f"practice:{name}", args=args), secure=True)
        assert answer.status_code == 200
        assert b'action="/setup/' not in answer.content
        assert b"Holiday" not in answer.content
    assert b"Away" in answer.content
    assert post(desk, "new_category", name="Hair").status_code == 403


def test_a_service_is_added_with_all_its_fields_and_goes_on_the_log(owner, given):
    sent = service_form(
        given, hands_free_from="10", hands_free_minutes="20", buffer_after="10", deposit_minor="25.50",
        alternative=given["service_id"], lead_minutes="60", cutoff_minutes="720",
    )  # fmt: skip
    answer = post(owner, "new_service", **sent)
    assert answer.status_code == 302
    made = Service.objects.get(name="Glow facial")
    assert (made.price_minor, made.deposit_minor, made.hands_free_minutes) == (12_000, 2_550, 20)
    assert (made.buffer_after, made.lead_minutes, made.cutoff_minutes) == (10, 60, 720)
    assert made.alternative_id == given["service_id"]
    assert Entry.objects.filter(event="practice.service.added").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("minutes", "0", "greater than or equal to 1"),
        ("minutes", "ten", "whole number"),
        ("hands_free_minutes", "70", "The hands-free time ends after the appointment."),
        ("deposit_minor", "121", "The deposit is more than the price."),
        ("price_minor", "1.005", "USD has 2 digits after the point."),
        ("tint", "9", "is not one of the available choices"),
        ("buffer_after", "181", "less than or equal to 180"),
        ("name", "Sample service", "There is one of this name already."),
    ],
)
def test_bad_input_is_said_beside_its_field_and_nothing_typed_is_lost(owner, given, field, value, sentence):
    sent = service_form(given, description="Kept words") | {field: value}
    answer = post(owner, "new_service", **sent)
    assert answer.status_code == 422
    assert any(sentence in str(error) for error in answer.context["form"].errors[field])
    assert b"Kept words" in answer.content
    assert Service.objects.count() == 1


def test_a_service_that_someone_else_changed_meanwhile_is_not_overwritten_unseen(owner, given):
    service = Service.objects.get(pk=given["service_id"])
    sent = service_form(given, name="First", version=service.version)
    assert post(owner, "service", service.pk, **sent).status_code == 302
    answer = post(owner, "service", service.pk, **(sent | {"name": "Second"}))
    assert answer.status_code == 409
    assert b"Someone else changed this meanwhile" in answer.content
    assert b"Second" in answer.content
    service.refresh_from_db()
    assert service.name == "First"
    again = sent | {"name": "Second", "version": answer.context["form"].data["version"]}
    assert post(owner, "service", service.pk, **again).status_code == 302
    assert Version.objects.filter(object_id=service.pk).count() >= 2


def test_saving_what_is_so_already_is_saved(owner, given):
    category = Category.objects.get(pk=given["category_id"])
    sent = {"name": category.name, "is_online": "on", "version": category.version}
    assert post(owner, "category", category.pk, **sent).status_code == 302
    assert not Entry.objects.filter(event="practice.category.changed").exists()


def test_a_category_with_services_stays_and_says_so(owner, given):
    answer = post(owner, "category_remove", given["category_id"])
    assert answer.status_code == 409
    assert b"still holds services" in answer.content
    assert Category.objects.filter(pk=given["category_id"]).exists()


def test_services_and_people_are_sorted_without_dragging(owner, given):
    post(owner, "new_service", **service_form(given))
    glow = Service.objects.get(name="Glow facial")
    assert post(owner, "service_move", glow.pk, to="up").status_code == 302
    first = Service.objects.filter(category=given["category_id"]).order_by("position").first()
    assert first == glow
    assert post(owner, "service_move", glow.pk, to="up").status_code == 302  # the first goes no further


def test_who_does_a_service_may_take_longer_and_cost_more(owner, given):
    profile = given["profile_id"]
    post(
        owner, "does", given["service_id"],
        **{f"does_{profile}": "on", f"minutes_{profile}": "45", f"price_{profile}": "99.50"},
    )  # fmt: skip
    row = ServiceStaff.objects.get(service=given["service_id"])
    assert (row.minutes, row.price_minor) == (45, 9_950)
    again = {f"does_{profile}": "on", f"minutes_{profile}": "0"}
    assert post(owner, "does", given["service_id"], **again).status_code == 422
    # The page that showed nobody yet is out of date by now.
    late = post(owner, "does", given["service_id"], **(again | {f"minutes_{profile}": "30", "seen": ""}))
    assert late.status_code == 409
    assert late.context["does_form"].data["seen"]
    assert ServiceStaff.objects.get(pk=row.pk).minutes == 45


def test_what_a_service_needs_is_saved_and_not_over_another_change(owner, given):
    url = reverse("practice:needs", args=[given["service_id"]])
    page = owner.get(reverse("practice:service", args=[given["service_id"]]), secure=True)
    seen = page.context["needs_form"]["seen"].value()
    sent = {"needs_room": "on", "rooms": [given["room_id"]], "kinds": [given["kind_id"]], "seen": seen}
    assert owner.post(url, sent, secure=True).status_code == 302
    service = Service.objects.get(pk=given["service_id"])
    assert [row.room_id for row in service.rooms.all()] == [given["room_id"]]
    assert [row.kind_id for row in service.equipment.all()] == [given["kind_id"]]
    assert owner.post(url, {"needs_room": "on", "seen": seen}, secure=True).status_code == 409
    assert service.rooms.count() == 1


def test_rules_of_a_service_are_added_and_a_ring_is_refused(owner, given):
    service = given["service_id"]
    post(owner, "new_service", **service_form(given))
    other = Service.objects.get(name="Glow facial")
    assert post(owner, "new_rule", service, "age", years="18", area="GB-ENG", why="law").status_code == 302
    sent = {"why": "patch_test", "valid_days": "180", "wait_hours": "48"}
    assert post(owner, "new_rule", service, "earlier", earlier=other.pk, **sent).status_code == 302
    answer = post(owner, "new_rule", other.pk, "earlier", earlier=service, **sent)
    assert answer.status_code == 422
    assert "nobody could book either" in str(answer.context["form"].errors["earlier"])
    assert post(owner, "new_rule", service, "age", years="18", area="XX", why="law").status_code == 422
    page = owner.get(reverse("practice:service", args=[service]), secure=True).content.decode()
    assert "18 or older in GB-ENG" in page
    assert "Glow facial first, within 180 days, at least 48 hours before" in page


# Hours -------------------------------------------------------------------------------------------------------------


def week_form(*days, **more):
    form = {}
    for day, *times in days:
        for slot, (begin, end) in enumerate(times):
            form |= {f"from_{day}_{slot}": begin, f"until_{day}_{slot}": end}
    return form | more


def test_a_week_with_a_pause_is_saved_as_two_parts(owner, given):
    sent = week_form((0, ("09:00", "12:00"), ("13:00", "18:00")), (5, ("09:00", "00:00")), seen="")
    assert post(owner, "hours", given["location_id"], **sent).status_code == 302
    location = Location.objects.get(pk=given["location_id"])
    assert weeks.opening_week(location) == {0: [(NINE, NOON), (ONE, SIX)], 5: [(NINE, 1440)]}
    assert Entry.objects.filter(event="practice.hours.changed").count() == 3


@pytest.mark.parametrize(
    ("times", "sentence"),
    [
        ([("18:00", "09:00")], "This ends before it begins."),
        ([("09:00", "13:00"), ("12:00", "18:00")], "These times overlap."),
        ([("09:00", "")], "Give both times, or leave both empty."),
        ([("25:00", "26:00")], "Give a time, such as 09:30."),
    ],
)
def test_hours_that_cannot_be_are_said_beside_their_day(owner, given, times, sentence):
    answer = post(owner, "hours", given["location_id"], **week_form((2, *times), seen=""))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Location.objects.get(pk=given["location_id"]).hours.exists()


def test_two_people_changing_one_week_do_not_overwrite_each_other(owner, given):
    url = reverse("practice:hours", args=[given["location_id"]])
    seen = owner.get(url, secure=True).context["form"]["seen"].value()
    assert owner.post(url, week_form((0, ("09:00", "18:00")), seen=seen), secure=True).status_code == 302
    answer = owner.post(url, week_form((1, ("10:00", "12:00")), seen=seen), secure=True)
    assert answer.status_code == 409
    assert b'value="10:00"' in answer.content
    assert weeks.opening_week(Location.objects.get(pk=given["location_id"])) == {0: [(NINE, SIX)]}
    renewed = answer.context["form"].data["seen"]
    assert owner.post(url, week_form((1, ("10:00", "12:00")), seen=renewed), secure=True).status_code == 302


# Places and people ---------------------------------------------------------------------------------------------------


def test_a_location_is_added_with_state_zone_and_phone(owner, given):
    sent = {
        "name": "Leeds", "country": "GB", "region": "eng", "phone": "0113 496 0000", "time_zone": "Europe/London",
        "slot_minutes": "15", "is_active": "on",
    }  # fmt: skip
    assert post(owner, "new_location", **sent).status_code == 302
    made = Location.objects.get(name="Leeds")
    assert (made.country, made.region, made.phone, made.time_zone) == (
        "GB",
        "ENG",
        "+441134960000",
        "Europe/London",
    )
    answer = post(owner, "new_location", **(sent | {"country": "US", "region": "ZZ", "phone": "1"}))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"region", "phone"}


def test_the_last_location_in_use_stays_in_use(owner, given):
    row = Location.objects.get(pk=given["location_id"])
    sent = {
        "name": row.name, "country": "US", "region": "CA", "time_zone": row.time_zone, "slot_minutes": "15",
        "version": row.version,
    }  # fmt: skip
    answer = post(owner, "location", row.pk, **sent)
    assert answer.status_code == 422
    assert "last location in use" in str(answer.context["form"].errors["is_active"])


def test_rooms_and_equipment_are_added_once_by_name(owner, given):
    assert post(owner, "new_room", given["location_id"], name=" Room   9 ").status_code == 302
    assert Room.objects.get(name="Room 9")
    assert post(owner, "new_room", given["location_id"], name="Room 9").status_code == 422
    assert post(owner, "new_kind", name="Sample laser").status_code == 422
    assert EquipmentKind.objects.count() == 1
    sent = {"unit-name": "Left", "unit-kind": given["kind_id"], "unit-location": given["location_id"]}
    assert post(owner, "new_unit", **sent).status_code == 302


def test_a_closure_needs_days_in_order(owner, given):
    today = timezone.localdate()
    sent = {"name": "Training", "from_on": today, "until_on": today - timedelta(days=1)}
    answer = post(owner, "closures", **sent)
    assert answer.status_code == 422
    assert "before the first one" in str(answer.context["form"].errors["until_on"])
    assert post(owner, "closures", name="Training", from_on=today).status_code == 302
    made = Closure.objects.get(name="Training")
    assert (made.location, made.until_on) == (None, today)
    assert post(owner, "closure_remove", made.pk).status_code == 302
    assert not Closure.objects.filter(pk=made.pk).exists()


def test_leave_is_kept_by_the_clock_of_the_place(owner, given):
    Practice.objects.get()
    sent = {"kind": "training", "from_on": "2027-03-14", "from_time": "01:00", "until_on": "2027-03-14"}
    assert post(owner, "new_leave", given["profile_id"], **sent).status_code == 302
    made = StaffProfile.objects.get(pk=given["profile_id"]).leaves.get(kind="training")
    # The day on which clocks go forward in California has 23 hours.
    assert made.ends_at - made.starts_at == timedelta(hours=22)
    bad = post(owner, "new_leave", given["profile_id"], **(sent | {"until_on": "2027-03-13"}))
    assert bad.status_code == 422


def test_a_photo_becomes_a_small_jpeg_without_what_the_camera_wrote(owner, given):
    picture, file = Image.new("RGB", (900, 600), "teal"), io.BytesIO()
    marks = Image.Exif()
    marks[0x010E] = "taken at 1 Secret Street"
    picture.save(file, "JPEG", exif=marks, comment=b"secret comment")
    assert b"Secret" in file.getvalue()
    sent = SimpleUploadedFile("me.jpg", file.getvalue(), "image/jpeg")
    url = reverse("practice:photo", args=[given["profile_id"]])
    assert owner.post(url, {"photo": sent}, secure=True).status_code == 302
    answer = owner.get(url, secure=True)
    kept = Image.open(io.BytesIO(answer.content))
    assert (kept.format, kept.size, dict(kept.getexif())) == ("JPEG", (320, 320), {})
    assert b"ecret" not in answer.content
    for name, body in (("page.jpg", b"<html>"), ("cut.png", b"\x89PNG\r\n\x1a\n" + b"0" * 40)):
        bad = owner.post(url, {"photo": SimpleUploadedFile(name, body, "image/jpeg")}, secure=True)
        assert bad.status_code == 422
    huge = io.BytesIO()
    Image.new("1", (8_000, 5_001)).save(huge, "PNG")
    assert huge.tell() < 100_000
    bad = owner.post(
        url, {"photo": SimpleUploadedFile("huge.png", huge.getvalue(), "image/png")}, secure=True
    )
    assert "too many pixels" in str(bad.context["photo_form"].errors["photo"])
    assert owner.post(url, {"remove": "yes"}, secure=True).status_code == 302
    assert owner.get(url, secure=True).status_code == 404
