"""Documents of the demo: letters and reports as PDF, made by the program when they are filed."""

# ruff: noqa: E501 - a table of texts is read line by line

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

import typst

from alcove.project.demo.clients import Invented
from alcove.project.demo.people import PRACTICE

_PAGE: Final = """
#set page(paper: "us-letter", margin: (x: 2.4cm, y: 2.2cm), footer: align(center, text(8pt, fill: gray)[Invented for a demo]))
#set text(11pt)
#text(16pt, weight: "bold")[{head}]
#line(length: 100%, stroke: 0.5pt + gray)
{body}
"""
_KINDS: Final = (
    ("Referral to dermatology", "referral.pdf", "Dear colleague,\n\nthank you for seeing this client of ours with a pigmented lesion of the back, 6 by 5 mm, slightly irregular at its edge. Pictures are enclosed. I would suggest excision and histology.\n\nWith kind regards,"),
    ("Laboratory report", "laboratory.pdf", "Ferritin 38 ng/mL (13 to 150), TSH 2.1 mIU/L (0.4 to 4.2), 25-hydroxyvitamin D 27 ng/mL (30 to 100, low), hemoglobin 13.4 g/dL (12.0 to 15.5).\n\nComment: vitamin D slightly low. Otherwise unremarkable."),
    ("Histology", "histology.pdf", "Macroscopy: spindle of skin, 12 by 6 mm.\n\nMicroscopy: compound nevus without atypia, excised completely.\n\nDiagnosis: benign melanocytic nevus."),
    ("Letter from the GP", "letter-gp.pdf", "Thank you for your question. From our side there is no objection to the planned treatment. Blood pressure is well controlled. Please do not stop any medication.\n\nWith kind regards,"),
    ("Treatment plan", "plan.pdf", "Series of four sessions, five weeks apart. Sunscreen every day. Retinoid at night, paused five days before each session. Review with photos three months after the last one.\n\nSigned in the practice,"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """A document to be: ``name`` and ``title`` as they are filed; ``data()`` makes the file in memory."""

    name: str
    title: str
    dated: date
    text: str

    def data(self) -> bytes:
        """Return the PDF, or the text of a plain file."""
        if self.name.endswith(".txt"):
            return self.text.encode()
        page = _PAGE.format(head=f"{PRACTICE}: {self.title}", body=self.text.replace("\n", "\n\n"))
        return bytes(typst.compile(page.encode()))


def invent(rng: Random, one: Invented, day: date, author: str) -> Made:
    """Return a document that could belong to this client."""
    if rng.randrange(6) == 0:
        text = f"From: {one.directory.get('emails', ['the client'])[0]}\nDate: {day:%d %B %Y}\n\nThank you for yesterday, all is well. See you in spring!\n"
        return Made("email.txt", "E-mail from the client", day, text)
    title, name, text = rng.choice(_KINDS)
    return Made(
        name,
        title,
        day,
        f"{day:%d %B %Y}\n\nConcerning a client born {one.directory['born']}\n\n{text}\n\n{author}",
    )
