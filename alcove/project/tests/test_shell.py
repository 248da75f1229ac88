"""What every page shows around what was asked for."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("name", "initials"),
    [("Robert Pine III", "RP"), ("Ada Example Jr.", "AE"), ("Mae West, PhD", "MW"), ("Dr Omar Haddad", "OH"), ("Cher", "CH")],
)  # fmt: skip
def test_titles_and_suffixes_are_no_initials(practice, name, initials):
    practice.person("manager", name=name)
    page = practice.signed_in("manager").get("/account/", secure=True).content.decode()
    assert f'aria-hidden="true">{initials}</span>' in page
