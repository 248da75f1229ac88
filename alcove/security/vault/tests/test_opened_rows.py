"""A value read without its instance opens by the same rules: its own row, its own column, an opened client."""

from __future__ import annotations

import itertools

import pytest

from alcove.security.vault import keyring
from alcove.security.vault.errors import RecordLocked, SealBroken
from alcove.security.vault.tests import make


@pytest.fixture
def cells(practice):
    make.fill(make.OPERATOR)
    return [cell for cell in make.cells() if cell.owner]


def test_it_says_what_the_instance_says(cells):
    with keyring.keyring():
        make.open_all()
        for cell in cells:
            owner = {cell.field.owner: cell.owner} if cell.field.owner != "id" else {}
            row = cell.model(pk=cell.row, **owner)
            row.__dict__[cell.field.attname] = cell.blob
            assert cell.field.opened_row(cell.owner, cell.row, cell.blob) == getattr(row, cell.field.attname)


def test_every_swap_between_clients_rows_and_columns_is_refused(cells):
    with keyring.keyring():
        make.open_all()
        for here, there in itertools.permutations(cells, 2):
            with pytest.raises(SealBroken):
                here.field.opened_row(here.owner, here.row, there.blob)


def test_a_client_that_is_not_open_stays_shut(cells):
    for cell in cells:
        with pytest.raises(RecordLocked):
            cell.field.opened_row(cell.owner, cell.row, cell.blob)
        with keyring.keyring(), pytest.raises(RecordLocked):
            cell.field.opened_row(cell.owner, cell.row, cell.blob)
