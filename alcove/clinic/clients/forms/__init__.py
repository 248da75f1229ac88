"""What is typed about a client, turned into the shapes of ``models.Client``, ``LinkedPerson`` and ``Alert``."""

from alcove.clinic.clients.forms.alerts import AlertForm, DeskAlertForm
from alcove.clinic.clients.forms.card import ClientForm
from alcove.clinic.clients.forms.people import PersonForm

__all__ = ["AlertForm", "ClientForm", "DeskAlertForm", "PersonForm"]
