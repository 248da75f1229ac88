"""What happens to the clinical record. The only place that writes it."""

from alcove.clinic.records.actions.documents import add_document, strike_document
from alcove.clinic.records.actions.items import accept_item, add_item, change_item, reject_item, strike_item
from alcove.clinic.records.actions.notes import (
    AlertUnacknowledged,
    amend_note,
    begin_note,
    discard_note,
    keep_draft,
    sign_note,
)
from alcove.clinic.records.actions.pairs import amend_from, settle_pairs
from alcove.clinic.records.actions.past import put_back, undo_strike
from alcove.clinic.records.actions.sensitive import choose_readers, lift_mark, mark_sensitive
from alcove.clinic.records.actions.visits import add_visit

__all__ = [
    "AlertUnacknowledged",
    "accept_item",
    "add_document",
    "add_item",
    "add_visit",
    "amend_from",
    "amend_note",
    "begin_note",
    "change_item",
    "choose_readers",
    "discard_note",
    "keep_draft",
    "lift_mark",
    "mark_sensitive",
    "put_back",
    "reject_item",
    "settle_pairs",
    "sign_note",
    "strike_document",
    "strike_item",
    "undo_strike",
]
