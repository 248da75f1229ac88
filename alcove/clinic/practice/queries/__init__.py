"""What others ask of the practice's own facts."""

from alcove.clinic.practice.queries.hours import at as at
from alcove.clinic.practice.queries.hours import opening as opening
from alcove.clinic.practice.queries.hours import working as working
from alcove.clinic.practice.queries.words import own_words as own_words
