"""Countries a practice may stand in, their currency, their commonest time zone, and states where they matter."""

from __future__ import annotations

from typing import Final, NamedTuple


class Country(NamedTuple):
    """``law``: the privacy law in a word that staff know; "" where the guide only speaks of local law."""

    name: str
    currency: str
    zone: str
    law: str = ""


_GDPR: Final = "GDPR"
COUNTRIES: Final = {
    "US": Country("United States", "USD", "America/New_York", "HIPAA"),
    "CA": Country("Canada", "CAD", "America/Toronto", "PIPEDA"),
    "GB": Country("United Kingdom", "GBP", "Europe/London", "UK GDPR"),
    "IE": Country("Ireland", "EUR", "Europe/Dublin", _GDPR),
    "AU": Country("Australia", "AUD", "Australia/Sydney", "Privacy Act 1988"),
    "NZ": Country("New Zealand", "NZD", "Pacific/Auckland", "Health Information Privacy Code"),
    "AT": Country("Austria", "EUR", "Europe/Vienna", _GDPR),
    "BE": Country("Belgium", "EUR", "Europe/Brussels", _GDPR),
    "CZ": Country("Czechia", "CZK", "Europe/Prague", _GDPR),
    "DK": Country("Denmark", "DKK", "Europe/Copenhagen", _GDPR),
    "FI": Country("Finland", "EUR", "Europe/Helsinki", _GDPR),
    "FR": Country("France", "EUR", "Europe/Paris", _GDPR),
    "DE": Country("Germany", "EUR", "Europe/Berlin", _GDPR),
    "GR": Country("Greece", "EUR", "Europe/Athens", _GDPR),
    "IT": Country("Italy", "EUR", "Europe/Rome", _GDPR),
    "LU": Country("Luxembourg", "EUR", "Europe/Luxembourg", _GDPR),
    "NL": Country("Netherlands", "EUR", "Europe/Amsterdam", _GDPR),
    "NO": Country("Norway", "NOK", "Europe/Oslo", _GDPR),
    "PL": Country("Poland", "PLN", "Europe/Warsaw", _GDPR),
    "PT": Country("Portugal", "EUR", "Europe/Lisbon", _GDPR),
    "ES": Country("Spain", "EUR", "Europe/Madrid", _GDPR),
    "SE": Country("Sweden", "SEK", "Europe/Stockholm", _GDPR),
    "CH": Country("Switzerland", "CHF", "Europe/Zurich", "FADP"),
    "AE": Country("United Arab Emirates", "AED", "Asia/Dubai"),
    "BR": Country("Brazil", "BRL", "America/Sao_Paulo", "LGPD"),
    "HK": Country("Hong Kong", "HKD", "Asia/Hong_Kong", "PDPO"),
    "IL": Country("Israel", "ILS", "Asia/Jerusalem"),
    "IN": Country("India", "INR", "Asia/Kolkata", "DPDP Act"),
    "JP": Country("Japan", "JPY", "Asia/Tokyo", "APPI"),
    "KW": Country("Kuwait", "KWD", "Asia/Kuwait"),
    "MX": Country("Mexico", "MXN", "America/Mexico_City"),
    "SA": Country("Saudi Arabia", "SAR", "Asia/Riyadh", "PDPL"),
    "SG": Country("Singapore", "SGD", "Asia/Singapore", "PDPA"),
    "ZA": Country("South Africa", "ZAR", "Africa/Johannesburg", "POPIA"),
}
CHOICES: Final = [(code, country.name) for code, country in COUNTRIES.items()]
_STATES: Final = {
    "US": "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH"
    " OK OR PA PR RI SC SD TN TX UT VT VA WA WV WI WY",
    "CA": "AB BC MB NB NL NS NT NU ON PE QC SK YT",
    "AU": "ACT NSW NT QLD SA TAS VIC WA",
    "GB": "ENG NIR SCT WLS",
}
STATES: Final = {country: frozenset(codes.split()) for country, codes in _STATES.items()}
"""Codes of ISO 3166-2 where law or holidays differ by state; other countries take any code or none."""


LONGEST_CODE: Final = 3


def region_fault(country: str, region: str) -> str:
    """Return what is wrong with the code of a state, as a sentence; "" if nothing is."""
    known = STATES.get(country)
    if known is None:
        is_code = not region or (region.isalnum() and len(region) <= LONGEST_CODE)
        return "" if is_code else "Give its short code, or nothing."
    if not region:
        return f"Rules and holidays differ by state here. Give its short code, such as {min(known)}."
    return "" if region in known else f"There is no such code in {COUNTRIES[country].name}."
