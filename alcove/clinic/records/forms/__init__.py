"""Untrusted input turned into typed values. Nothing here saves."""

from alcove.clinic.records.forms.documents import DocumentForm
from alcove.clinic.records.forms.items import StrikeForm, item_form
from alcove.clinic.records.forms.notes import AmendmentForm, DraftForm, TemplateForm
from alcove.clinic.records.forms.pairs import PairsForm
from alcove.clinic.records.forms.sensitive import AudienceForm, mark_of, sensitive_field
from alcove.clinic.records.forms.visits import VisitForm

__all__ = [
    "AmendmentForm",
    "AudienceForm",
    "DocumentForm",
    "DraftForm",
    "PairsForm",
    "StrikeForm",
    "TemplateForm",
    "VisitForm",
    "item_form",
    "mark_of",
    "sensitive_field",
]
