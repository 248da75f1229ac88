"""What the pages of Setup share: find a row or 404, run a deed, put what it refuses beside the field, draw a form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.practice.actions import Unchanged, Unfit
from alcove.clinic.practice.actions.writing import CHANGED
from alcove.clinic.practice.forms.sheet import Sheet, WeekForm
from alcove.clinic.practice.policy import Practice as PracticeRight
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NotFound

Row = TypeVar("Row", bound=models.Model)
Crumb = tuple[str, str]
SAVED, BAD, CLASH = 0, 422, 409


def row_of(model: type[Row], row_id: UUID, *related: str) -> Row:
    """Return a row; raise ``NotFound``."""
    found = model._default_manager.select_related(*related).filter(pk=row_id).first()
    if found is None:
        raise NotFound("there is no such thing in this practice")
    return found


def actor_of(request: HttpRequest) -> Actor:
    """Return who asks."""
    return request.actor  # type: ignore[attr-defined,no-any-return]  # set by the middleware


def sent(request: HttpRequest) -> Any:
    """Return what a form is bound to: what was sent, even if it is nothing, or None for a page that is opened."""
    return request.POST if request.method == "POST" else None


def may_edit(request: HttpRequest) -> bool:
    """Whether who asks may change the practice's facts."""
    return actor_of(request).holds(PracticeRight.EDIT)


def saved(form: Sheet, deed: Callable[..., Any], *, row: models.Model | None = None) -> int:
    """Run a deed with a form's values; return 0, or the status of the page that says what is to be mended.

    ``row``: what the form is about; if it is newer than the form, nothing is saved and the next press is over it.
    """
    if not form.is_valid():
        return BAD
    if row is not None and form.cleaned_data.get("version") != getattr(row, "version", None):
        form.renew(row)
        form.add_error(None, CHANGED)
        return CLASH
    try:
        deed(**form.values())
    except Unchanged:
        return SAVED
    except Unfit as unfit:
        _beside(form, unfit)
        return BAD
    except Conflict as conflict:
        if row is not None:
            row.refresh_from_db()
            form.renew(row)
        form.add_error(None, str(conflict))
        return CLASH
    return SAVED


def _beside(form: Sheet, unfit: Unfit) -> None:
    if isinstance(form, WeekForm):
        form.fault(unfit.field, str(unfit))
    else:
        form.add_error(unfit.field if unfit.field in form.fields else None, str(unfit))


def done(route: str, *args: Any, word: str = "saved") -> HttpResponse:
    """Lead to a page that says it is done."""
    return HttpResponseRedirect(f"{reverse(route, args=args)}?done={word}")


def sheet(
    request: HttpRequest, form: Sheet, *, title: str, back: str, crumbs: Sequence[Crumb] = (), status: int = 200,
    **more: Any,
) -> HttpResponse:  # fmt: skip
    """Draw a form as a page of its own."""
    page = {"form": form, "title": title, "back": back, "crumbs": crumbs, "verb": "Save"}
    return render(request, "practice/sheet.html", page | more, status=status)
