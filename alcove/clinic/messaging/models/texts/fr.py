"""The shipped texts in French: ``{kind: {channel: (subject, body)}}``."""

from typing import Final

TEXTS: Final = {
    "booked": {
        "email": (
            "Votre rendez-vous du {date}",
            (
                "Votre rendez-vous est réservé.\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Confirmer : {confirm_link}\n"
                "Modifier ou annuler : {manage_link}\n"
                "Une question ? Appelez le {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice} : votre rendez-vous est réservé le {date}, {time} {zone}, {place}.\n"
                "Modifier ou annuler : {manage_link}"
            ),
        ),
    },
    "moved": {
        "email": (
            "Votre rendez-vous est déplacé au {date}",
            (
                "Votre rendez-vous a été déplacé. Le nouvel horaire :\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Confirmer : {confirm_link}\n"
                "Modifier ou annuler : {manage_link}\n"
                "Une question ? Appelez le {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice} : votre rendez-vous a été déplacé. Nouvel horaire : {date}, {time} {zone}, {place}.\n"
                "Modifier ou annuler : {manage_link}"
            ),
        ),
    },
    "cancelled": {
        "email": (
            "Votre rendez-vous du {date} est annulé",
            (
                "Votre rendez-vous du {date}, {time} {zone}, est annulé.\n"
                "\n"
                "Choisir un autre horaire : {manage_link}\n"
                "Une question ? Appelez le {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice} : votre rendez-vous du {date}, {time} {zone}, est annulé.\n"
                "Autre horaire : {manage_link}"
            ),
        ),
    },
    "reminder_far": {
        "email": (
            "Rappel : {date}, {time}",
            (
                "Nous vous rappelons votre rendez-vous :\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Confirmer : {confirm_link}\n"
                "Modifier ou annuler : {manage_link}\n"
                "Une question ? Appelez le {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice} : rendez-vous le {date}, {time} {zone}, {place}.\n"
                "Confirmer : {confirm_link}\n"
                "Modifier ou annuler : {manage_link}"
            ),
        ),
    },
    "reminder_near": {
        "email": (
            "Aujourd’hui, {time}",
            (
                "Nous nous réjouissons de vous accueillir.\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Un retard ou un empêchement ? {manage_link}\n"
                "Appelez le {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            "{practice} : à tout à l'heure, {time} {zone}, {place}.\nUn contretemps ? {manage_link}",
        ),
    },
    "waitlist_offer": {
        "email": (
            "Un horaire s’est libéré : {date}",
            (
                "Un horaire que vous attendiez s’est libéré :\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "\n"
                "Le prendre : {confirm_link}\n"
                "Le lien ne vaut que peu de temps ; ensuite, la personne suivante est sollicitée.\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice} : un horaire s'est libéré : {date}, {time} {zone}, {place}.\n"
                "Le prendre : {confirm_link}"
            ),
        ),
    },
    "check_in": {
        "email": (
            "Enregistrement de votre arrivée",
            (
                "Enregistrez-vous avant d’arriver, ou montrez ce lien à l’accueil :\n"
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
            "{practice} : enregistrement pour {time} {zone}, {place}.\n{confirm_link}",
        ),
    },
}
