"""What is known of each part: how it is, since when, who was told and who looks after it."""

from __future__ import annotations

from django.db import models

from alcove.security.vault.fields import plain


class Part(models.Model):
    """A part that was looked at. ``sentence`` names figures and code words, never a person.

    ``told_at`` and ``deputy_told_at``: when those on call and their deputies were told of this failing, null while
    it works. ``taken_by_id``: who looks after it.
    """

    class State(models.TextChoices):
        OK = "ok", "Works"
        WARN = "warn", "Look at it"
        BAD = "bad", "Does not work"

    key = plain("names a part", models.CharField(primary_key=True, max_length=20))
    state = plain("a word of State", models.CharField(max_length=4, choices=State))
    sentence = plain("figures of the machine", models.CharField(max_length=200))
    since = plain("since when it is so", models.DateTimeField())
    told_at = plain("when those on call were told", models.DateTimeField(null=True))
    deputy_told_at = plain("when their deputies were told", models.DateTimeField(null=True))
    taken_at = plain("when somebody took it upon them", models.DateTimeField(null=True))
    taken_by_id = models.UUIDField(null=True)
