"""The form of an upload. What kind of file it is, the action decides by its bytes."""

from __future__ import annotations

from django import forms

from alcove.clinic.records.forms.words import Words


class DocumentForm(forms.Form):
    """One file with its title."""

    file = forms.FileField(
        label="File", max_length=300, allow_empty_file=True,
        help_text="PDF, PNG, JPEG, GIF, WebP, DICOM or plain text, up to 25 MB.",
        error_messages={"required": "Choose a file.", "max_length": "The file's name is too long. Shorten it."},
    )  # fmt: skip
    title = Words(
        required=False,
        label="Title",
        help_text="What staff will look for. The file's own name if left empty.",
    )
    dated = forms.DateField(required=False, label="Date on the document")
