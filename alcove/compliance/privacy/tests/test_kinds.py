"""No table about a client is forgotten."""

from __future__ import annotations

from django.apps import apps

from alcove.compliance.privacy.queries.kinds import FATES, KEYS, KINDS, STAYS


def about_clients():
    """Return every table with a client's id in it, by label."""
    return {
        model._meta.label
        for model in apps.get_models()
        if getattr(model, "is_client", False)
        or any(field.attname == "client_id" for field in model._meta.concrete_fields)
    }


def unnamed(found):
    """Return the tables of ``found`` that no kind of data names."""
    return found - {label for kind in KINDS for label in kind.tables} - KEYS - set(STAYS)


def test_every_table_about_a_client_belongs_to_a_kind_of_data():
    assert unnamed(about_clients()) == set()


def test_a_new_table_would_be_found():
    assert unnamed(about_clients() | {"photos.Photo"}) == {"photos.Photo"}


def test_no_kind_names_a_table_twice_or_one_that_is_not_there():
    named = [label for kind in KINDS for label in kind.tables]
    assert len(named) == len(set(named))
    assert set(named) <= about_clients()
    assert {kind.fate for kind in KINDS} <= set(FATES)
