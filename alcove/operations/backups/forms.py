"""Two typed shares."""

from django import forms

from alcove.security.vault import shares
from alcove.security.vault.shares import WrongShare


class SharesForm(forms.Form):
    """Two of the three shares of the recovery key, each checked for itself before anything is tried."""

    first = forms.CharField(label="One share", max_length=200)
    second = forms.CharField(label="Another share", max_length=200)

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Django's own arguments
        for field in self.fields.values():
            field.widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "class": "code"}

    def clean_first(self) -> str:
        return self._read("first")

    def clean_second(self) -> str:
        return self._read("second")

    def _read(self, name: str) -> str:
        try:
            shares.read(self.cleaned_data[name])
        except WrongShare as wrong:
            raise forms.ValidationError(str(wrong)) from None
        return str(self.cleaned_data[name])
