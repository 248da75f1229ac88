"""Rights over the clinical record, and what can happen in it. ``records.view`` is the kernel's ``Open.RECORD``."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event

_CLINICIANS = (RoleKey.PRACTITIONER, RoleKey.PRESCRIBER)


class Records(Permission):
    CREATE = right("records.create", "Write notes and add to the chart", *_CLINICIANS)
    EDIT = right("records.edit", "Correct the chart's lists and unsigned notes", *_CLINICIANS)
    DELETE = right("records.delete", "Strike entries from the chart's lists", *_CLINICIANS)
    SIGN = right("records.note.sign", "Sign own notes and add amendments to signed ones", *_CLINICIANS)
    VERIFY = right("records.item.verify", "Accept or correct what patients and imports entered", *_CLINICIANS)
    RESTORE = right(
        "records.restore", "Put back what a client's card or chart said at an earlier moment", *_CLINICIANS
    )
    EXPORT = right("records.export", "Print and download the record", RoleKey.OWNER, *_CLINICIANS)


class Did(Event):
    NOTE_ADDED = "records.note.added", "began a note"
    NOTE_DRAFTED = "records.note.drafted", "wrote in a note"
    NOTE_SIGNED = "records.note.signed", "signed a note"
    NOTE_AMENDED = "records.note.amended", "amended a signed note"
    NOTES_SETTLED = "records.note.settled", "decided about two notes of one visit"
    NOTE_DISCARDED = "records.note.discarded", "discarded an unsigned note"
    ITEM_ADDED = "records.item.added", "added to the chart"
    ITEM_CHANGED = "records.item.changed", "changed an entry of the chart"
    ITEM_STRUCK = "records.item.struck", "struck an entry from the chart"
    ITEM_VERIFIED = "records.item.verified", "checked an unverified entry"
    VISIT_ADDED = "records.visit.added", "added a visit"
    IMPORTED = "records.chart.imported", "imported into the chart"
    DOCUMENT_ADDED = "records.document.added", "added a document"
    DOCUMENT_READ = "records.document.read", "read a document"
    DOCUMENT_STRUCK = "records.document.struck", "struck a document"
    TABLET_OPENED = "records.tablet.opened", "opened their own details on a tablet"
    TABLET_KEPT = "records.tablet.kept", "wrote on a tablet"
    TOLD = "records.told.added", "told the practice something about themselves"
    CONFIRMED = "records.told.confirmed", "said that everything on file is right"
    TOLD_ACCEPTED = "records.told.accepted", "accepted what the client said"
    TOLD_DECLINED = "records.told.declined", "declined what the client said"
    ITEM_PUT_BACK = "records.item.put_back", "put an entry of the chart back as it was"
    DOCUMENT_PUT_BACK = "records.document.put_back", "put a struck document back"
    NOTE_PUT_BACK = "records.note.put_back", "put an unsigned note back as it was"
    PAST_VIEWED = "records.past.viewed", "looked at the record as it was at an earlier moment"
    VERSIONS_VIEWED = "records.versions.viewed", "looked at earlier versions"
    PRINTED = "records.chart.printed", "printed the record"
