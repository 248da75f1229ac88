"""The newest news of releases and weaknesses that was taken in; nothing about a client or this practice."""

from __future__ import annotations

from django.db import models


class News(models.Model):
    """One row. ``document``: the signed feed as it was read, null before the first; ``made_at``: when it was made.

    ``tried_at``: when news was last asked for; ``fault``: why it was not taken in, "" if it was.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    document = models.JSONField(null=True)
    made_at = models.DateTimeField(null=True)
    key = models.CharField(max_length=16, blank=True)
    taken_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=300, blank=True)
