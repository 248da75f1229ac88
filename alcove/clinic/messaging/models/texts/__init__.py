"""The texts Alcove ships with, in every language, for every occasion that has words of its own."""

from typing import Final

from alcove.clinic.messaging.models.texts import de, en_gb, en_us, es, fr

SHIPPED: Final = {
    "en-US": en_us.TEXTS,
    "en-GB": en_gb.TEXTS,
    "de": de.TEXTS,
    "fr": fr.TEXTS,
    "es": es.TEXTS,
}
"""``{language: {kind: {channel: (subject, body)}}}``; an SMS has no subject."""
