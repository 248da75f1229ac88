"""The shipped texts in British English: ``{kind: {channel: (subject, body)}}``."""

from typing import Final

TEXTS: Final = {
    "booked": {
        "email": (
            "Your visit on {date}",
            (
                "Your visit is booked.\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Confirm: {confirm_link}\n"
                "Change or cancel: {manage_link}\n"
                "Questions? Ring {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice}: your visit is booked for {date}, {time} {zone}, {place}.\n"
                "Change or cancel: {manage_link}"
            ),
        ),
    },
    "moved": {
        "email": (
            "Your visit was moved to {date}",
            (
                "Your visit was moved. The new time:\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Confirm: {confirm_link}\n"
                "Change or cancel: {manage_link}\n"
                "Questions? Ring {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice}: your visit was moved. New time: {date}, {time} {zone}, {place}.\n"
                "Change or cancel: {manage_link}"
            ),
        ),
    },
    "cancelled": {
        "email": (
            "Your visit on {date} was cancelled",
            (
                "Your visit on {date}, {time} {zone}, was cancelled.\n"
                "\n"
                "To choose another time: {manage_link}\n"
                "Questions? Ring {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            "{practice}: your visit on {date}, {time} {zone}, was cancelled.\nAnother time: {manage_link}",
        ),
    },
    "reminder_far": {
        "email": (
            "Reminder: {date}, {time}",
            (
                "A reminder of your visit:\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Confirm: {confirm_link}\n"
                "Change or cancel: {manage_link}\n"
                "Questions? Ring {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice}: see you on {date}, {time} {zone}, {place}.\n"
                "Confirm: {confirm_link}\n"
                "Change or cancel: {manage_link}"
            ),
        ),
    },
    "reminder_near": {
        "email": (
            "Today, {time}",
            (
                "We look forward to seeing you.\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Running late or cannot come? {manage_link}\n"
                "Ring {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            "{practice}: see you today at {time} {zone}, {place}.\nCannot come? {manage_link}",
        ),
    },
    "waitlist_offer": {
        "email": (
            "A time has become free: {date}",
            (
                "A time you were waiting for has become free:\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "\n"
                "Take it: {confirm_link}\n"
                "The link works for a short while; then the next person is asked.\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            "{practice}: a time has become free: {date}, {time} {zone}, {place}.\nTake it: {confirm_link}",
        ),
    },
    "check_in": {
        "email": (
            "Check in for your visit",
            (
                "Check in before you arrive, or show this link at the reception:\n"
                "\n"
                "{confirm_link}\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            "{practice}: check in for {time} {zone}, {place}.\n{confirm_link}",
        ),
    },
}
