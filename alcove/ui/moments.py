"""Moments and days in words people read at a glance; the exact value stays in the `datetime` attribute."""

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def plain_day(day: date) -> str:
    """`22 Aug 2026`. Django's `date_format` says the same fifteen times slower, and a card shows a hundred days."""
    return f"{day.day} {_MONTHS[day.month]} {day.year:04}"


def clock(moment: datetime) -> str:
    """`09:05`."""
    return f"{moment.hour:02}:{moment.minute:02}"


def day(moment: date) -> SafeString:
    """`22 Aug 2026`, of a moment its day here."""
    here = _local(moment)
    iso = here.date() if isinstance(here, datetime) else here
    return format_html('<time datetime="{}">{}</time>', iso.isoformat(), plain_day(here))


def when(moment: date | None) -> SafeString:
    """`Today 14:30`, `Yesterday 09:12`, `22 Aug 2026, 10:00`; a bare day without a clock."""
    if moment is None:
        return _none()
    local = _local(moment)
    return _time(local, _day_and_clock(local))


def ago(moment: date | None) -> SafeString:
    """`3 minutes ago`, `in 2 hours`; from a week on, the day itself."""
    if moment is None:
        return _none()
    local = _local(moment)
    if not isinstance(local, datetime):
        return _time(local, _day_word(local))
    passed = (timezone.now() - local) if timezone.is_aware(local) else (datetime.now() - local)  # noqa: DTZ005 - naive moments are shown as they are
    return _time(local, _distance(passed) or _day_and_clock(local))


def left(seconds: int) -> str:
    """`1 h 05 min`, `4 min 09 s`, `12 s`: what a countdown shows; `countdown.js` writes it alike."""
    minutes, rest = divmod(seconds, 60)
    if minutes >= 60:  # noqa: PLR2004 - minutes of an hour
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _none() -> SafeString:
    return format_html('<span class="muted">{}<span class="vh">{}</span></span>', "–", " no date")


def _local(moment: date) -> date:
    if isinstance(moment, datetime) and timezone.is_aware(moment):
        return timezone.localtime(moment)
    return moment


def _today() -> date:
    return timezone.localdate()


def _day_word(day: date) -> str:
    match (day - _today()).days:
        case 0:
            return "Today"
        case -1:
            return "Yesterday"
        case 1:
            return "Tomorrow"
        case _:
            return plain_day(day)


def _day_and_clock(moment: date) -> str:
    if not isinstance(moment, datetime):
        return _day_word(moment)
    day = _day_word(moment.date())
    joint = ", " if day[0].isdigit() else " "
    return day + joint + clock(moment)


def _distance(passed: timedelta) -> str:
    seconds = int(abs(passed.total_seconds()))
    steps = ((60, 3600, "minute"), (3600, 86_400, "hour"), (86_400, 604_800, "day"))
    if seconds < 60:  # noqa: PLR2004 - a measure of the drawing, named by the line
        return "just now"
    for size, limit, word in steps:
        if seconds < limit:
            count = seconds // size
            words = f"{count} {word}{'' if count == 1 else 's'}"
            return f"{words} ago" if passed > timedelta(0) else f"in {words}"
    return ""


def _time(moment: date, words: str) -> SafeString:
    full = f"{_WEEKDAYS[moment.weekday()]} {plain_day(moment)}"
    if isinstance(moment, datetime):
        full += f", {clock(moment)}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), full, words)
