"""What may be read of the clinical record, by whom. Every function that takes an actor asks ``Open.RECORD`` first."""

from alcove.clinic.records.queries import (
    chart,
    documents,
    notes,
    observations,
    pairs,
    past,
    printout,
    sensitive,
    visits,
)
from alcove.clinic.records.queries.summary import card

__all__ = [
    "card",
    "chart",
    "documents",
    "notes",
    "observations",
    "pairs",
    "past",
    "printout",
    "sensitive",
    "visits",
]
