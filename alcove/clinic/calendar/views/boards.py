"""The calendar by day, week and month."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format

from alcove.clinic.calendar.forms import LookForm
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import boards, months
from alcove.clinic.calendar.queries.boards import Board
from alcove.clinic.calendar.queries.looks import ROOMS, Look
from alcove.clinic.calendar.views import looking
from alcove.security.access.actors import Actor
from alcove.security.access.guards import guard


@guard(GET=Calendar.VIEW)
def day(request: HttpRequest) -> HttpResponse:
    """One day, a column for each person or room; by htmx, the grid alone."""
    look, form = looking.look(request)
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    board = boards.day(actor, look)
    for column in board.columns:
        if look.by == ROOMS:
            column.book_url = (
                f"{reverse('calendar:new')}?{looking.query(look, by='', person='', room=column.key)}"
            )
        else:
            column.url = looking.url("week", look, person=column.key)
            column.book_url = f"{reverse('calendar:new')}?{looking.query(look, person=column.key)}"
    return _board(request, board, form, look, "day", timedelta(days=1))


@guard(GET=Calendar.VIEW)
def week(request: HttpRequest) -> HttpResponse:
    """Seven days of one person, or of a location."""
    look, form = looking.look(request)
    board = boards.week(request.actor, look)  # type: ignore[attr-defined]  # set by the middleware
    for column, on in zip(board.columns, boards.week_of(look.day), strict=True):
        column.url = looking.url("day", look, day=on.isoformat())
    return _board(request, board, form, look, "week", timedelta(days=7))


@guard(GET=Calendar.VIEW)
def month(request: HttpRequest) -> HttpResponse:
    """How many come on each day of a month."""
    look, form = looking.look(request)
    weeks = months.month(request.actor, look)  # type: ignore[attr-defined]  # set by the middleware
    drawn = [
        [(cell, looking.url("day", look, day=cell.day.isoformat())) for cell in cells] for cells in weeks
    ]
    first = look.day.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    context = {
        "weeks": drawn,
        "today": looking.today(look.location),
        "title": date_format(look.day, "F Y"),
        "total": sum(cell.count for cells in weeks for cell in cells if cell.is_this_month),
        "previous_url": looking.url("month", look, day=(first - timedelta(days=1)).isoformat()),
        "next_url": looking.url("month", look, day=(last + timedelta(days=1)).isoformat()),
    }
    return _page(request, "calendar/month.html", context, form, look, "month")


@guard(GET=Calendar.VIEW)
def version(request: HttpRequest) -> HttpResponse:
    """A short text that changes when what is shown changes: a page asks every few seconds whether to draw anew."""
    look, _ = looking.look(request)
    first, days = (boards.week_of(look.day)[0], 7) if request.GET.get("view") == "week" else (look.day, 1)
    told = boards.version(request.actor, look, first, days)  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponse(told, content_type="text/plain; charset=utf-8")


def _board(
    request: HttpRequest, board: Board, form: LookForm, look: Look, view: str, step: timedelta
) -> HttpResponse:
    context = {
        "board": board,
        "title": _title(look.day, view),
        "previous_url": looking.url(view, look, day=(look.day - step).isoformat()),
        "next_url": looking.url(view, look, day=(look.day + step).isoformat()),
        "version_url": f"{looking.url('version', look)}&view={view}",
        "here_url": looking.url(view, look),
    }
    template = "calendar/parts/board.html" if request.is_htmx else "calendar/board.html"  # type: ignore[attr-defined]  # middleware's
    return _page(request, template, context, form, look, view)


def _title(day: date, view: str) -> str:
    if view == "day":
        return date_format(day, "l, j F Y")
    first, *_, last = boards.week_of(day)
    return f"{date_format(first, 'j M')} – {date_format(last, 'j M Y')}"


def _page(
    request: HttpRequest, template: str, context: dict[str, Any], form: LookForm, look: Look, view: str
) -> HttpResponse:
    if view != "day":
        del form.fields["by"]
    context |= {
        "form": form,
        "look": look,
        "view": view,
        "may_book": request.actor.holds(Calendar.CREATE),  # type: ignore[attr-defined]  # set by the middleware
        "views": [
            {"name": name, "url": looking.url(key, look), "current": key == view}
            for key, name in (("day", "Day"), ("week", "Week"), ("month", "Month"))
        ],
        "today_url": looking.url(view, look, day=""),
        "new_url": f"{reverse('calendar:new')}?{looking.query(look, by='', state='')}",
        "block_url": f"{reverse('calendar:block_new')}?{looking.query(look, by='', state='')}",
    }
    return render(request, template, context)
