"""Untrusted input of the calendar."""

from alcove.clinic.calendar.forms.looking import LookForm as LookForm
from alcove.clinic.calendar.forms.placing import BlockForm as BlockForm
from alcove.clinic.calendar.forms.placing import BookForm as BookForm
from alcove.clinic.calendar.forms.placing import MoveForm as MoveForm
from alcove.clinic.calendar.forms.placing import read_moment as read_moment
from alcove.clinic.calendar.forms.placing import spoken as spoken
