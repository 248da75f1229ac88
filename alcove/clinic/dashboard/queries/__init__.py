"""What the first pages show: the state of one's own work and of the house, and one's own day."""

from alcove.clinic.dashboard.queries.home import (
    RECENT,
    Day,
    Safety,
    day,
    is_password_due,
    lately,
    missing,
    safety,
    unsigned,
)
from alcove.clinic.dashboard.queries.my_day import MyDay, my_day

__all__ = [
    "RECENT",
    "Day",
    "MyDay",
    "Safety",
    "day",
    "is_password_due",
    "lately",
    "missing",
    "my_day",
    "safety",
    "unsigned",
]
