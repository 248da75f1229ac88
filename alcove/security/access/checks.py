"""Start-up checks: what is forgotten does not start.

Django runs no checks under a WSGI server, so ``wsgi.py`` and ``alcove serve`` call ``refuse_to_start_unless_sound``.
Each finding has a code, a sentence that says what is wrong, and what happens then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver

from alcove.security.access.guards import Guard
from alcove.security.vault.fields import SealedField

WORDY = (
    models.CharField, models.TextField, models.JSONField, models.FileField, models.BinaryField, models.DateField,
    models.DateTimeField, models.TimeField, models.DecimalField, models.FloatField, models.GenericIPAddressField,
)  # fmt: skip
"""Kinds of column that can hold a client's words or dates."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why the program does not start: a code for support and a sentence."""

    code: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence}"


def routes(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[tuple[str, str, Any]]:
    """Yield (pattern, view name, view) for every route in the resolver, ours or a package's."""
    resolver = resolver or get_resolver()
    for item in resolver.url_patterns:
        if isinstance(item, URLResolver):
            yield from routes(item, prefix + str(item.pattern))
        elif isinstance(item, URLPattern):
            yield prefix + str(item.pattern), item.name or "", item.callback


def unguarded_routes(resolver: URLResolver | None = None) -> list[Finding]:
    """Find routes that declare no right."""
    return [
        Finding("A101", f"the route {path} declares no right; a route without a guard is not served")
        for path, _, view in routes(resolver)
        if not isinstance(getattr(view, "guard", None), Guard)
    ]


def unsealed_columns(all_models: list[type[models.Model]] | None = None) -> list[Finding]:
    """Find columns of a client's row that are neither sealed nor declared plain with a reason."""
    findings = []
    for model in all_models if all_models is not None else apps.get_models():
        own = list(model._meta.concrete_fields)
        is_clients = getattr(model, "is_client", False) or any(field.attname == "client_id" for field in own)
        # The log holds no values by design, and client keys are wrapped: both say so themselves.
        if not is_clients or model._meta.app_label in {"audit", "vault"}:
            continue
        findings += [
            Finding("A102", f"{model._meta.label}.{field.name} could hold a client's words and is not sealed")
            for field in own
            if isinstance(field, WORDY)
            and not isinstance(field, SealedField)
            and not field.primary_key
            and not getattr(field, "plain_reason", "")
        ]
    return findings


def all_findings() -> list[Finding]:
    """Return everything that keeps the program from starting."""
    return unguarded_routes() + unsealed_columns()


def refuse_to_start_unless_sound() -> None:
    """Raise ``ImproperlyConfigured`` naming every finding."""
    findings = all_findings()
    if findings:
        raise ImproperlyConfigured(
            "Alcove does not start. " + " ".join(f"[{finding}]" for finding in findings)
        )
