"""Documents: uploaded, listed, downloaded. The server shows none of them: a document leaves as a download."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from alcove.clinic.records import actions, queries
from alcove.clinic.records.forms import DocumentForm, StrikeForm, mark_of
from alcove.clinic.records.models import media
from alcove.clinic.records.policy import Did, Records
from alcove.clinic.records.queries.documents import opened
from alcove.clinic.records.views.page import Whose, page, to, whose
from alcove.clinic.records.views.sensitive import with_mark
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard
from alcove.security.access.policy import Open
from alcove.security.vault.errors import StoreAway

SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"


def _documents(
    request: HttpRequest, who: Whose, form: DocumentForm, status: int = 200, problem: str = ""
) -> HttpResponse:
    with_mark(who.actor, form)
    context = {
        "documents": queries.documents.documents(who.actor, who.client),
        "form": form,
        "problem": problem,
    }
    return page(request, who, "records/documents.html", "documents", status=status, **context)


@guard(GET=Open.RECORD, POST=Records.CREATE, opens="client_id")
def documents(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Documents, newest first; POST adds one."""
    who = whose(request, client_id)
    if request.method != "POST":
        return _documents(request, who, DocumentForm())
    form = DocumentForm(request.POST, request.FILES)
    with_mark(who.actor, form)
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
        # Nothing that large is read into memory at all, so the form would only say that the file is missing.
        form.is_valid()
        form.errors.pop("file", None)
        form.add_error("file", media.too_large())
        return _documents(request, who, form, 413)
    if not form.is_valid():
        return _documents(request, who, form, 422)
    file, wanted = form.cleaned_data["file"], mark_of(form)
    try:
        made = actions.add_document(
            who.actor, who.client, data=file.read(), name=file.name, title=form.cleaned_data["title"],
            dated=form.cleaned_data["dated"], sensitive=wanted,
        )  # fmt: skip
    except media.MediaRefused as refused:
        form.add_error("file", str(refused))
        return _documents(request, who, form, 422)
    except StoreAway as away:
        form.add_error("file", f"{away.PAGE} Nothing was saved: try again in some minutes.")
        return _documents(request, who, form, 503)
    if wanted:
        return to("audience", who, "marked", what="document", row_id=made.id)
    return to("documents", who, "uploaded")


@guard(GET=Open.RECORD, opens="client_id", event=Did.DOCUMENT_READ, on="document_id")
def document(request: HttpRequest, client_id: UUID, document_id: UUID) -> HttpResponse:
    """Download one document: fixed type, no sniffing, sandboxed, under a name that says nothing."""
    who = whose(request, client_id)
    found = queries.documents.document(who.actor, who.client, document_id)
    kind = str(found.content.get("media_type", ""))
    name = f"document-{found.id.hex[-8:]}.{media.extension(kind)}"
    response = HttpResponse(
        opened(found), content_type=kind if kind in media.KINDS else "application/octet-stream"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Security-Policy"] = SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    return response


@guard(POST=Records.DELETE, opens="client_id")
def document_strike(request: HttpRequest, client_id: UUID, document_id: UUID) -> HttpResponse:
    """Strike a document."""
    who = whose(request, client_id)
    found, form = queries.documents.document(who.actor, who.client, document_id), StrikeForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        actions.strike_document(who.actor, found, reason=reason)
    except Conflict as conflict:
        return _documents(request, who, DocumentForm(), 409, str(conflict))
    return to("documents", who, "removed")
