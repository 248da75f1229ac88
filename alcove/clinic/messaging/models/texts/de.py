"""The shipped texts in German: ``{kind: {channel: (subject, body)}}``."""

from typing import Final

TEXTS: Final = {
    "booked": {
        "email": (
            "Ihr Termin am {date}",
            (
                "Ihr Termin ist gebucht.\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Bestätigen: {confirm_link}\n"
                "Ändern oder absagen: {manage_link}\n"
                "Fragen? Rufen Sie an: {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice}: Ihr Termin ist gebucht: {date}, {time} {zone}, {place}.\n"
                "Ändern oder absagen: {manage_link}"
            ),
        ),
    },
    "moved": {
        "email": (
            "Ihr Termin wurde verlegt auf {date}",
            (
                "Ihr Termin wurde verlegt. Die neue Zeit:\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Bestätigen: {confirm_link}\n"
                "Ändern oder absagen: {manage_link}\n"
                "Fragen? Rufen Sie an: {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice}: Ihr Termin wurde verlegt. Neue Zeit: {date}, {time} {zone}, {place}.\n"
                "Ändern oder absagen: {manage_link}"
            ),
        ),
    },
    "cancelled": {
        "email": (
            "Ihr Termin am {date} wurde abgesagt",
            (
                "Ihr Termin am {date}, {time} {zone}, wurde abgesagt.\n"
                "\n"
                "Eine andere Zeit wählen: {manage_link}\n"
                "Fragen? Rufen Sie an: {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            "{practice}: Ihr Termin am {date}, {time} {zone}, wurde abgesagt.\nAndere Zeit: {manage_link}",
        ),
    },
    "reminder_far": {
        "email": (
            "Erinnerung: {date}, {time}",
            (
                "Wir erinnern Sie an Ihren Termin:\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Bestätigen: {confirm_link}\n"
                "Ändern oder absagen: {manage_link}\n"
                "Fragen? Rufen Sie an: {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice}: Ihr Termin: {date}, {time} {zone}, {place}.\n"
                "Bestätigen: {confirm_link}\n"
                "Ändern oder absagen: {manage_link}"
            ),
        ),
    },
    "reminder_near": {
        "email": (
            "Heute, {time}",
            (
                "Wir freuen uns auf Sie.\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Sie verspäten sich oder können nicht kommen? {manage_link}\n"
                "Rufen Sie an: {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            "{practice}: bis heute um {time} {zone}, {place}.\nSie können nicht kommen? {manage_link}",
        ),
    },
    "waitlist_offer": {
        "email": (
            "Eine Zeit ist frei geworden: {date}",
            (
                "Eine Zeit, auf die Sie warten, ist frei geworden:\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "\n"
                "Termin nehmen: {confirm_link}\n"
                "Der Link gilt nur kurze Zeit, dann wird die nächste Person gefragt.\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice}: eine Zeit ist frei geworden: {date}, {time} {zone}, {place}.\n"
                "Termin nehmen: {confirm_link}"
            ),
        ),
    },
    "check_in": {
        "email": (
            "Anmeldung zu Ihrem Termin",
            (
                "Melden Sie sich vor Ihrer Ankunft an, oder zeigen Sie diesen Link am Empfang:\n"
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
            "{practice}: Anmeldung für {time} {zone}, {place}.\n{confirm_link}",
        ),
    },
}
