"""What others ask of the calendar."""

from alcove.clinic.calendar.queries.needs import Wish as Wish
from alcove.clinic.calendar.queries.slots import Ask as Ask
from alcove.clinic.calendar.queries.slots import Free as Free
from alcove.clinic.calendar.queries.slots import free as free
from alcove.clinic.calendar.queries.slots import next_free as next_free
from alcove.clinic.calendar.queries.slots import profiles_of as profiles_of
from alcove.clinic.calendar.queries.slots import wishes as wishes
