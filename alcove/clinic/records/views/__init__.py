"""Pages of the clinical record: one function a page."""

from alcove.clinic.records.views.chart import chart, item, item_add, item_check, item_strike, observations
from alcove.clinic.records.views.documents import document, document_strike, documents
from alcove.clinic.records.views.handing import hand_over, tablet, tablet_check, tablet_step
from alcove.clinic.records.views.history import history, versions, visit_add
from alcove.clinic.records.views.notes import amend, discard, draft, note, notes, sign
from alcove.clinic.records.views.pairs import beside
from alcove.clinic.records.views.past import item_put_back, past, put_back
from alcove.clinic.records.views.printing import pdf, print_page
from alcove.clinic.records.views.sensitive import audience, audience_lift
from alcove.clinic.records.views.told import told, told_decide

__all__ = [
    "amend",
    "audience",
    "audience_lift",
    "beside",
    "chart",
    "discard",
    "document",
    "document_strike",
    "documents",
    "draft",
    "hand_over",
    "history",
    "item",
    "item_add",
    "item_check",
    "item_put_back",
    "item_strike",
    "note",
    "notes",
    "observations",
    "past",
    "pdf",
    "print_page",
    "put_back",
    "sign",
    "tablet",
    "tablet_check",
    "tablet_step",
    "told",
    "told_decide",
    "versions",
    "visit_add",
]
