"""Patients who book online in tests: a small clinic a week ahead, and a browser that goes through the pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.calendar.models import Booking, OnlineForm
from alcove.clinic.calendar.tests.make import Clinic, clinic
from alcove.clinic.practice.models import Service
from alcove.security.access.writes import writing
from alcove.security.identity.models import Notice

EMAIL = "wilhelmina@patients.example"
WHO = {"given": "Wilhelmina", "family": "Ó Tuama-Nguyễn", "born": "1988-02-29", "other": ""}


def said(answer: Any) -> str:
    """Return a page without its forms' tokens: random signs may spell anything, a name too."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())


def ahead(days: int = 7) -> date:
    return timezone.localdate() + timedelta(days=days)


def online_clinic(**more: Any) -> Clinic:
    """Return the clinic of the calendar's tests, of which everything is booked online for three months."""
    made = clinic(**more)
    with writing("test"):
        Service.objects.update(price_minor=12_500, description="What it does, in plain words.")
        made.location.phone, made.location.street, made.location.city = (
            "+14155550100",
            "2100 Fillmore St",
            "San Francisco",
        )
        made.location.save()
    for one in made.services.values():
        one.refresh_from_db()
    return made


@dataclass
class Visitor:
    """Somebody at the booking pages. ``follow`` is the address of the page they are on."""

    here: Clinic
    browser: Browser
    address: str = "203.0.113.7"

    def get(self, url: str, **more: Any) -> Any:
        return self.browser.get(url, secure=True, REMOTE_ADDR=self.address, **more)

    def post(self, url: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        return self.browser.post(url, data or {}, secure=True, REMOTE_ADDR=self.address, **more)

    def time_url(self, service: str = "facial", hour: int = 10, *, person: str = "", days: int = 7) -> str:
        at = self.here.at(hour, day=ahead(days))
        whom = str(self.here.people[person].pk) if person else "any"
        chosen = f"at={self.here.location.pk}&service={self.here.services[service].pk}&with={whom}"
        return f"{reverse('book:time')}?{chosen}&start={at:%Y%m%dT%H%MZ}"

    def hold(self, service: str = "facial", hour: int = 10, **more: Any) -> Any:
        return self.post(self.time_url(service, hour, **more))

    def ask_code(self, contact: str = EMAIL) -> Any:
        return self.post(reverse("book:contact"), {"contact": contact})

    def confirm(self, code: str = "") -> Any:
        return self.post(reverse("book:code"), {"code": code or code_sent()})

    def say(self, **who: str) -> Any:
        return self.post(reverse("book:details"), WHO | who)

    def book(self, service: str = "facial", hour: int = 10, *, contact: str = EMAIL, **who: str) -> Booking:
        """Go through all pages; return what was booked."""
        assert self.hold(service, hour).status_code == 302
        assert self.ask_code(contact).status_code == 302
        assert self.confirm().status_code == 302
        answer = self.say(**who)
        assert answer.status_code == 302, answer.content.decode()
        assert answer.headers["Location"] == reverse("book:done")
        return OnlineForm.objects.exclude(ended_at=None).latest("ended_at").booking


def code_sent() -> str:
    """Return the newest code that was sent."""
    notice = Notice.objects.filter(kind="booking_code").latest("created_at")
    return re.match(r"\d{6}", notice.content["text"])[0]
