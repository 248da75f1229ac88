"""The recovery key on paper: two of three shares give it back, one tells nothing, a slip of the pen is found."""

from __future__ import annotations

from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcove.security.vault import copies, shares
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.shares import WrongShare, inverse, joined, multiply, pair, read, split, written

SECRETS = st.binary(min_size=32, max_size=32)


def test_products_are_those_of_fips_197():
    # Section 4.2 and 4.2.1: {57}·{83} = {c1}, {57}·{13} = {fe}, and {57} times x, x², x³, x⁴.
    assert multiply(0x57, 0x83) == 0xC1
    assert multiply(0x57, 0x13) == 0xFE
    assert [multiply(0x57, 1 << power) for power in range(1, 5)] == [0xAE, 0x47, 0x8E, 0x07]


def test_inverses_are_those_behind_the_s_box_of_fips_197():
    # Section 5.1.1: the S-box is the inverse, then an affine step. Values of figure 7.
    def s_box(byte):
        inverted = inverse(byte)
        turned = [(inverted << turn | inverted >> (8 - turn)) & 0xFF for turn in range(5)]
        return turned[0] ^ turned[1] ^ turned[2] ^ turned[3] ^ turned[4] ^ 0x63

    known = {0x00: 0x63, 0x01: 0x7C, 0x10: 0xCA, 0x53: 0xED, 0x9A: 0xB8, 0xC5: 0xA6, 0xFE: 0xBB, 0xFF: 0x16}
    assert {byte: s_box(byte) for byte in known} == known
    assert all(multiply(byte, inverse(byte)) == 1 for byte in range(1, 256))


@given(SECRETS, SECRETS)
def test_any_two_shares_give_the_secret_whichever_way_round(secret, name):
    made = split(secret, name)
    assert len(made) == 3
    for one, other in permutations(made, 2):
        assert joined(one, other) == secret
    texts = [written(one) for one in made]
    for one, other in combinations(texts, 2):
        assert pair([one.lower().replace(" ", "-"), f"  {other} "]) == secret


def test_one_share_fits_every_secret():
    # For whatever secret there is a line through it and the one share: knowing the share rules out nothing.
    share = split(bytes(32), b"abc")[0]
    for byte in range(256):
        slope = multiply(share.values[0] ^ byte, inverse(share.number))
        assert byte ^ multiply(slope, share.number) == share.values[0]
    # And its values are spread evenly: 3,000 shares of one secret hold every byte.
    assert {one for _ in range(3000) for one in split(bytes(32), b"abc")[1].values[:4]} == set(range(256))


@given(SECRETS, st.integers(0, 63), st.integers(1, 31))
def test_one_wrong_sign_is_found(secret, place, by):
    signs = list(written(split(secret, b"abc")[1]).replace(" ", ""))
    signs[place] = shares._ALPHABET[(shares._ALPHABET.index(signs[place]) + by) % 32]
    with pytest.raises(WrongShare, match="wrong"):
        read("".join(signs))


def test_what_is_easily_misread_is_read_as_meant():
    made = split(bytes(range(32)), b"abc")
    text = written(made[0])
    assert read(text.replace("0", "o").replace("1", "l")) == made[0]
    assert read(text.replace("1", "I")) == made[0]


@pytest.mark.parametrize("text", ["", "ABCD", "U" * 64, "é" * 64, "0" * 65])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(WrongShare):
        read(text)


def test_the_same_share_twice_and_shares_of_two_keys_are_refused():
    mine, others = split(bytes(32), b"abc"), split(bytes(32), b"xyz")
    with pytest.raises(WrongShare, match="same share"):
        joined(mine[0], mine[0])
    with pytest.raises(WrongShare, match="two different recovery keys"):
        joined(mine[0], others[1])
    with pytest.raises(WrongShare, match="Two shares"):
        pair([written(mine[0])])


def test_only_the_recovery_key_opens_what_was_sealed_for_it():
    public, private = copies.new_recovery()
    sealed = copies.sealed_for(public, b"house keys", b"practice")
    assert copies.opened_with(private, sealed, b"practice") == b"house keys"
    assert sealed != copies.sealed_for(public, b"house keys", b"practice")
    flipped = bytes([*sealed[:-1], sealed[-1] ^ 1])
    for key, blob, bound in (
        (copies.new_recovery()[1], sealed, b"practice"),
        (private, sealed, b"another practice"),
        (private, flipped, b"practice"),
        (private, b"", b"practice"),
    ):
        with pytest.raises(SealBroken):
            copies.opened_with(key, blob, bound)
