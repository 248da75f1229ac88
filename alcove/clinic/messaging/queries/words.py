"""Words of care in free text: a warning beside the field, for whoever writes a text that strangers may read."""

from __future__ import annotations

import re
from typing import Final

from alcove.clinic.practice.models import Service

_CLINICAL: Final = frozenset({
    "acne", "aesthetic", "aesthetics", "allergy", "anaesthetic", "anesthetic", "biopsy", "blood", "botox",
    "botulinum", "bruising", "cancer", "cannula", "cellulite", "chemical-peel", "clinic", "consultation",
    "cosmetic", "cryolipolysis", "dermal", "dermatology", "diagnosis", "dose", "dysport", "filler", "fillers",
    "follow-up", "hyaluronic", "injectable", "injection", "injections", "laser", "lip", "lips", "lipolysis",
    "medication", "melasma", "mesotherapy", "microneedling", "mole", "needle", "peel", "peeling", "pigmentation",
    "pregnancy", "prescription", "prp", "psoriasis", "rosacea", "scar", "skin-care", "sculptra", "surgery",
    "surgeon", "symptom", "tattoo", "toxin", "treatment", "treatments", "tumor", "tumour", "vein", "veins",
    "wrinkle", "wrinkles", "akne", "allergie", "befund", "behandlung", "behandlungen", "botulinumtoxin",
    "diagnose", "faltenunterspritzung", "falten", "fillerbehandlung", "hyaluron", "hyaluronsäure", "injektion",
    "lippen", "narbe", "narben", "nadel", "rezept", "schwangerschaft", "spritze", "spritzen", "unterspritzung",
    "acide-hyaluronique", "cicatrice", "comblement", "diagnostic", "grossesse", "lèvres", "ordonnance", "peau",
    "ride", "rides", "traitement", "cicatriz", "diagnóstico", "embarazo", "hialurónico", "inyección",
    "inyecciones", "labios", "receta", "relleno", "rellenos", "tratamiento", "arrugas", "toxina",
})  # fmt: skip
"""In the five languages there are texts in; names of substances and places of the body among them."""
_SHORTEST: Final = 3
_LETTERS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def treatments() -> list[str]:
    """Return the names on the practice's menu."""
    return list(Service.objects.values_list("name", flat=True))


def _names(folded: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", folded) is not None


def telling(text: str) -> list[str]:
    """Return what in a text may tell of somebody's care: names of treatments, and words of medicine; each once."""
    folded = text.casefold()
    named = [name for name in treatments() if len(name) >= _SHORTEST and _names(folded, name)]
    medical = [word for word in _LETTERS.findall(text) if word.casefold() in _CLINICAL]
    return list(dict.fromkeys([*named, *medical]))
