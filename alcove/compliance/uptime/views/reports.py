"""What probes post to: a token that is theirs, a small body, a plain sentence where it is no report."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from alcove.compliance.uptime import actions, forms
from alcove.compliance.uptime.models import Probe
from alcove.compliance.uptime.queries import probes
from alcove.security import policy_defaults as policy
from alcove.security.access.errors import NotFound
from alcove.security.access.guards import public
from alcove.security.audit import clock
from alcove.security.identity import throttle
from alcove.security.identity.middleware import address

_TOO_LARGE = f"A report has at most {policy.REPORT_MAX_BYTES // 1024} KiB.\n"


@public("what a probe measured, with a token of its own", "POST")
def report(request: HttpRequest) -> HttpResponse:
    """Take a report: 204; 404 for whoever brings no living token, as if there were no such address."""
    received = clock.now()
    probe = _probe(request)
    body = request.read(policy.REPORT_MAX_BYTES + 1)
    if len(body) > policy.REPORT_MAX_BYTES:
        return _plain(_TOO_LARGE, 413)
    try:
        found = forms.report(body)
    except forms.NoReport as wrong:
        return _plain(f"{wrong}\n", 422)
    told = [actions.Told(**one) for one in found["stretches"]]
    actions.note(probe, told, now=found["now"], every=found["every"], received=received)
    return HttpResponse(status=204)


# The token comes in a header, which no page of another's can make a browser send; no cookie counts here.
report.csrf_exempt = True  # type: ignore[attr-defined]  # read by Django's middleware


def _probe(request: HttpRequest) -> Probe:
    """Return the probe whose token was sent; wrong ones are counted by network, so nobody tries many."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        return probes.of_token(token.strip() if kind == "Bearer" else "")
    except NotFound:
        throttle.count(throttle.key("uptime report", throttle.network(address(request))))
        raise


def _plain(sentence: str, status: int) -> HttpResponse:
    return HttpResponse(sentence, content_type="text/plain; charset=utf-8", status=status)
