"""The shipped texts in Spanish: ``{kind: {channel: (subject, body)}}``."""

from typing import Final

TEXTS: Final = {
    "booked": {
        "email": (
            "Su cita del {date}",
            (
                "Su cita está reservada.\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Confirmar: {confirm_link}\n"
                "Cambiar o cancelar: {manage_link}\n"
                "¿Preguntas? Llame al {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice}: cita reservada para el {date}, {time} {zone}, {place}.\n"
                "Cambiar o cancelar: {manage_link}"
            ),
        ),
    },
    "moved": {
        "email": (
            "Su cita se ha cambiado al {date}",
            (
                "Su cita se ha cambiado. La nueva hora:\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Confirmar: {confirm_link}\n"
                "Cambiar o cancelar: {manage_link}\n"
                "¿Preguntas? Llame al {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice}: su cita se ha cambiado. Nueva hora: {date}, {time} {zone}, {place}.\n"
                "Cambiar o cancelar: {manage_link}"
            ),
        ),
    },
    "cancelled": {
        "email": (
            "Su cita del {date} se ha cancelado",
            (
                "Su cita del {date}, {time} {zone}, se ha cancelado.\n"
                "\n"
                "Elegir otra hora: {manage_link}\n"
                "¿Preguntas? Llame al {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            "{practice}: su cita del {date}, {time} {zone}, se ha cancelado.\nOtra hora: {manage_link}",
        ),
    },
    "reminder_far": {
        "email": (
            "Recordatorio: {date}, {time}",
            (
                "Le recordamos su cita:\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "Confirmar: {confirm_link}\n"
                "Cambiar o cancelar: {manage_link}\n"
                "¿Preguntas? Llame al {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice}: le esperamos el {date}, {time} {zone}, {place}.\n"
                "Confirmar: {confirm_link}\n"
                "Cambiar o cancelar: {manage_link}"
            ),
        ),
    },
    "reminder_near": {
        "email": (
            "Hoy, {time}",
            (
                "Le esperamos.\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "{address}\n"
                "\n"
                "¿Llega tarde o no puede venir? {manage_link}\n"
                "Llame al {phone}\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            "{practice}: le esperamos hoy, {time} {zone}, {place}.\n¿No puede venir? {manage_link}",
        ),
    },
    "waitlist_offer": {
        "email": (
            "Ha quedado libre una hora: {date}",
            (
                "Ha quedado libre una hora que usted esperaba:\n"
                "\n"
                "{date}, {time} {zone}\n"
                "{place}\n"
                "\n"
                "Reservarla: {confirm_link}\n"
                "El enlace vale poco tiempo; después se pregunta a la siguiente persona.\n"
                "\n"
                "{practice}"
            ),
        ),
        "sms": (
            "",
            (
                "{practice}: ha quedado libre una hora: {date}, {time} {zone}, {place}.\n"
                "Reservarla: {confirm_link}"
            ),
        ),
    },
    "check_in": {
        "email": (
            "Registre su llegada",
            (
                "Regístrese antes de llegar o muestre este enlace en recepción:\n"
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
            "{practice}: registro para las {time} {zone}, {place}.\n{confirm_link}",
        ),
    },
}
