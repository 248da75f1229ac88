"""Money of the practice's currency, between minor units and what people write."""

from __future__ import annotations

from decimal import Decimal

from alcove.clinic.practice.models import Practice

WITHOUT_CENTS = frozenset({"CLP", "ISK", "JPY", "KRW", "VND", "XAF", "XOF", "XPF"})
WITH_MILS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$", "JPY": "¥", "INR": "₹"}
CURRENCIES = (
    ("USD", "US dollar"), ("EUR", "Euro"), ("GBP", "Pound sterling"), ("CAD", "Canadian dollar"),
    ("AUD", "Australian dollar"), ("NZD", "New Zealand dollar"), ("CHF", "Swiss franc"), ("SEK", "Swedish krona"),
    ("NOK", "Norwegian krone"), ("DKK", "Danish krone"), ("PLN", "Polish złoty"), ("CZK", "Czech koruna"),
    ("JPY", "Japanese yen"), ("SGD", "Singapore dollar"), ("HKD", "Hong Kong dollar"), ("INR", "Indian rupee"),
    ("AED", "UAE dirham"), ("SAR", "Saudi riyal"), ("ILS", "Israeli shekel"), ("ZAR", "South African rand"),
    ("MXN", "Mexican peso"), ("BRL", "Brazilian real"), ("KWD", "Kuwaiti dinar"),
)  # fmt: skip


def digits(currency: str) -> int:
    """Return how many digits of a currency stand behind the point (ISO 4217)."""
    return 0 if currency in WITHOUT_CENTS else 3 if currency in WITH_MILS else 2


def major(minor: int, currency: str) -> Decimal:
    """Return minor units as people write them."""
    return Decimal(minor).scaleb(-digits(currency)).quantize(Decimal(1).scaleb(-digits(currency)))


def minor(written: Decimal, currency: str) -> int:
    """Return an amount as people write it in minor units."""
    return int(written.scaleb(digits(currency)).to_integral_value())


def said(amount_minor: int, currency: str) -> str:
    """Return an amount in words: ``$1,290`` or ``€ 49.50``; nothing is Free."""
    if not amount_minor:
        return "Free"
    amount = major(amount_minor, currency)
    text = f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,}"
    sign = SIGNS.get(currency)
    return f"{sign}{text}" if sign else f"{text} {currency}"


def currency() -> str:
    """Return the practice's currency."""
    return Practice.objects.values_list("currency", flat=True).first() or "USD"
