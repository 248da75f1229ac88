"""Setup → Messages: the practice's own texts, and what a month of SMS may cost."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.messaging import actions
from alcove.clinic.messaging.forms import SpendingForm, TextForm
from alcove.clinic.messaging.models.kinds import LANGUAGES
from alcove.clinic.messaging.policy import Messages
from alcove.clinic.messaging.queries import choosing, spending, texts, wording
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard, lookup
from alcove.security.access.policy import Access
from alcove.security.identity.queries.by_sms import is_sent


def _may_edit(request: HttpRequest) -> bool:
    return bool(request.actor.holds(Messages.SET_UP))  # type: ignore[attr-defined]  # set by the middleware


@guard(GET=Access.VIEW)
def message_texts(request: HttpRequest) -> HttpResponse:
    """List every kind of message in one language."""
    language = request.GET.get("language", "")
    language = language if language in LANGUAGES else choosing.own_language()
    here = reverse("messaging:texts")
    page = {
        "rows": texts.listed(language),
        "language": LANGUAGES[language],
        "languages": [
            {"name": name, "url": f"{here}?language={key}", "current": key == language}
            for key, name in LANGUAGES.items()
        ],
    }
    return render(request, "messaging/texts.html", page)


@guard(GET=Access.VIEW, POST=Messages.SET_UP)
def message_text(request: HttpRequest, text_key: str) -> HttpResponse:
    """One text: its words, how it would look, what it said before. POST keeps new words."""
    which = texts.key(text_key)
    if request.method != "POST":
        return _text(request, which, _form(which))
    form = TextForm(request.POST, which=which)
    if not form.is_valid():
        return _text(request, which, form, status=422)
    taken = form.cleaned_data
    try:
        actions.write_text(
            request.actor, which.kind.key, which.channel, which.language,  # type: ignore[attr-defined]  # middleware
            subject=taken.get("subject", ""), body=taken["body"], version=taken["version"],
        )  # fmt: skip
    except wording.Unfit as unfit:
        form.add_error("body", str(unfit))
        return _text(request, which, form, status=422)
    except Conflict as clash:
        row = texts.stored(which)
        # What was typed stays; saved again, it is compared with what is there now.
        form.data = {
            **{name: form.data[name] for name in form.data},
            "version": str(row.version if row else 0),
        }
        return _text(request, which, form, status=409, problem=str(clash))
    return HttpResponseRedirect(reverse("messaging:text", args=[which.slug]) + "?done=saved")


def _form(which: texts.Key) -> TextForm:
    row = texts.stored(which)
    words = wording.in_force(which.kind.key, which.channel, which.language)
    held = {"subject": words.subject, "body": words.body, "version": row.version if row else 0}
    return TextForm(which=which, initial=held)


def _text(
    request: HttpRequest, which: texts.Key, form: TextForm, *, status: int = 200, problem: str = ""
) -> HttpResponse:
    row = texts.stored(which)
    subject, body = (
        str(form[name].value() or "") if name in form.fields else "" for name in ("subject", "body")
    )
    may, never = texts.slots()
    page: dict[str, Any] = {
        "which": which,
        "form": form,
        "look": texts.look(which, subject, body),
        "is_own": row is not None and row.is_own,
        "earlier": texts.earlier(which),
        "slots": may,
        "refused_slots": never,
        "may_edit": _may_edit(request),
        "problem": problem,
        "language_url": f"{reverse('messaging:texts')}?language={which.language}",
    }
    return render(request, "messaging/text.html", page, status=status)


@guard(POST=lookup(Access.VIEW, "shows how words that nobody saved yet would look"))
def text_look(request: HttpRequest, text_key: str) -> HttpResponse:
    """How words that are being typed would look."""
    which = texts.key(text_key)
    subject, body = request.POST.get("subject", "")[:400], request.POST.get("body", "")[:10_000]
    page = {"which": which, "look": texts.look(which, subject, body.replace("\r\n", "\n"))}
    return render(request, "messaging/parts/look.html", page)


@guard(GET=Access.VIEW, POST=Messages.SET_UP)
def text_reset(request: HttpRequest, text_key: str) -> HttpResponse:
    """Ask, then go back to the shipped text."""
    which = texts.key(text_key)
    url = reverse("messaging:text", args=[which.slug])
    if request.method != "POST":
        ask = {
            "title": "Go back to the shipped text?",
            "sentence": "Your words are kept among the earlier versions.",
            "verb": "Go back",
            "back": url,
        }
        return render(request, "ui/confirm.html", {"ask": ask})
    actions.reset_text(request.actor, which.kind.key, which.channel, which.language)  # type: ignore[attr-defined]  # middleware
    return HttpResponseRedirect(url + "?done=saved")


@guard(GET=Access.VIEW, POST=Messages.SET_UP)
def sending(request: HttpRequest) -> HttpResponse:
    """What messages cost, month by month, and the cap; POST sets price and cap."""
    held = spending.prices()
    initial = {
        "price": f"{held.sms_milli / 1000:.3f}", "cap": f"{held.cap_minor / 100:.2f}", "version": held.version,
    }  # fmt: skip
    form = SpendingForm(request.POST if request.method == "POST" else None, initial=initial)
    problem, status = "", 422 if form.is_bound else 200
    if form.is_valid():
        try:
            actions.set_spending(
                request.actor, sms_milli=form.milli, cap_minor=form.minor, version=form.cleaned_data["version"]  # type: ignore[attr-defined]  # middleware
            )  # fmt: skip
        except Conflict as clash:
            problem, status = str(clash), 409
            form.data = {
                **{name: form.data[name] for name in form.data},
                "version": str(spending.prices().version),
            }
        else:
            return HttpResponseRedirect(reverse("messaging:sending") + "?done=saved")
    months = spending.months(timezone.now())
    page = {
        "form": form,
        "months": months,
        "now": months[0],
        "cap": spending.amount(held.cap_minor * 10) if held.cap_minor else "",
        "is_capped": bool(held.cap_minor) and months[0].milli + held.sms_milli > held.cap_minor * 10,
        "has_email": is_sent("email"),
        "has_sms": is_sent("sms"),
        "may_edit": _may_edit(request),
        "problem": problem,
    }
    return render(request, "messaging/sending.html", page, status=status)
