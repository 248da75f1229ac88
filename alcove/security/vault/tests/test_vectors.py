"""Published vectors pass through what we use: our own functions where their format allows, the primitive otherwise."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from alcove.security.vault import crypto
from alcove.security.vault.errors import SealBroken


def cases(shared, name):
    """Yield (group, test) of one Wycheproof file."""
    document = json.loads(gzip.decompress((shared / f"crypto/wycheproof/{name}_test.json.gz").read_bytes()))
    for group in document["testGroups"]:
        for test in group["tests"]:
            yield group, test


def h(test, name):
    return bytes.fromhex(test[name])


def test_aes_gcm_of_wycheproof_through_seal_and_open(shared):
    ours = primitive = 0
    for group, test in cases(shared, "aes_gcm"):
        key, nonce, aad, message = h(test, "key"), h(test, "iv"), h(test, "aad"), h(test, "msg")
        sealed = h(test, "ct") + h(test, "tag")
        valid = test["result"] == "valid"
        if group["keySize"] == 256 and group["ivSize"] == 96 and group["tagSize"] == 128:
            ours += 1
            blob = b"\x01\x00\x07" + nonce + sealed
            if valid:
                assert crypto.encrypt(key, nonce, message, aad) == sealed
                assert crypto.open_sealed(crypto.cipher(key), blob, aad) == message
                assert crypto.sealed_version(blob) == 7
            else:
                with pytest.raises(SealBroken):
                    crypto.open_sealed(crypto.cipher(key), blob, aad)
            continue
        primitive += 1
        if not 64 <= group["ivSize"] <= 1024:
            # The library takes no such nonce at all.
            with pytest.raises(ValueError):
                AESGCM(key).encrypt(nonce, message, aad)
        elif valid:
            assert AESGCM(key).encrypt(nonce, message, aad) == sealed
            assert AESGCM(key).decrypt(nonce, sealed, aad) == message
        else:
            with pytest.raises((InvalidTag, ValueError)):
                AESGCM(key).decrypt(nonce, sealed, aad)
    assert ours >= 30
    assert primitive >= 60


def test_aes_key_wrap_of_wycheproof(shared):
    ours = 0
    for group, test in cases(shared, "aes_wrap"):
        key, message, wrapped = h(test, "key"), h(test, "msg"), h(test, "ct")
        if group["keySize"] == 256 and len(message) == crypto.KEY_BYTES:
            ours += 1
            wrap, unwrap, refused = crypto.wrap, crypto.unwrap, SealBroken
        else:
            wrap, unwrap, refused = aes_key_wrap, aes_key_unwrap, (InvalidUnwrap, ValueError)
        if test["result"] == "valid":
            assert wrap(key, message) == wrapped
            assert unwrap(key, wrapped) == message
        elif test["result"] == "invalid":
            with pytest.raises(refused):
                unwrap(key, wrapped)
    assert ours >= 5


def test_hmac_sha256_of_wycheproof(shared):
    full = cut = 0
    for group, test in cases(shared, "hmac_sha256"):
        key, message, tag = h(test, "key"), h(test, "msg"), h(test, "tag")
        assert crypto.mac_under(key)(message) == crypto.mac(key, message)
        if group["tagSize"] == 256:
            full += 1
            if test["result"] == "valid":
                crypto.check_mac(key, message, tag)
            else:
                with pytest.raises(SealBroken):
                    crypto.check_mac(key, message, tag)
        else:
            cut += 1
            made = crypto.mac(key, message)[: group["tagSize"] // 8]
            assert (made == tag) == (test["result"] == "valid")
    assert full >= 30
    assert cut >= 20


def _derived(key, info):
    """The subkey, which both our ways of deriving it must give."""
    made = crypto.derive(key, info)
    assert crypto.derive_for(info)(key) == made
    return made


def test_hkdf_sha256_of_wycheproof(shared):
    ours = 0
    for _, test in cases(shared, "hkdf_sha256"):
        if test["result"] == "invalid":
            with pytest.raises(ValueError):
                HKDF(hashes.SHA256(), test["size"], h(test, "salt"), h(test, "info")).derive(h(test, "ikm"))
            continue
        if not test["salt"] and test["size"] == crypto.KEY_BYTES:
            ours += 1
            assert _derived(h(test, "ikm"), h(test, "info")) == h(test, "okm")
        made = HKDF(hashes.SHA256(), test["size"], h(test, "salt"), h(test, "info")).derive(h(test, "ikm"))
        assert made == h(test, "okm")
        if not test["salt"] and test["size"] > crypto.KEY_BYTES:
            # HKDF's output is a prefix of any longer one with the same inputs.
            ours += 1
            assert _derived(h(test, "ikm"), h(test, "info")) == h(test, "okm")[: crypto.KEY_BYTES]
    assert ours >= 3


def _records(shared, name):
    text = (shared / "crypto/rfc" / name).read_text()
    for block in re.split(r"^(?=COUNT|Len)", text, flags=re.MULTILINE):
        found = dict(re.findall(r"^(\w+)[ ]*=[ ]*(\S*)[ ]*$", block, re.MULTILINE))
        if found:
            yield found


def test_hmac_sha256_of_rfc_4231(shared):
    seen = 0
    for record in _records(shared, "rfc-4231-sha256.txt"):
        if "MD" not in record:
            continue
        made, wanted = crypto.mac(h(record, "Key"), h(record, "Msg")), h(record, "MD")
        assert crypto.mac_under(h(record, "Key"))(h(record, "Msg")) == made
        assert made[: len(wanted)] == wanted
        seen += 1
    assert seen >= 6


def test_hkdf_sha256_of_rfc_5869(shared):
    seen = 0
    for record in _records(shared, "rfc-5869-HKDF-SHA256.txt"):
        if "OKM" not in record:
            continue
        size = int(record["L"])
        made = HKDF(hashes.SHA256(), size, h(record, "salt"), h(record, "info")).derive(h(record, "IKM"))
        assert made == h(record, "OKM")
        if not record["salt"]:
            assert _derived(h(record, "IKM"), h(record, "info")) == h(record, "OKM")[: crypto.KEY_BYTES]
        seen += 1
    assert seen >= 3


@pytest.mark.parametrize("size", [0, 1, 62, 63, 64, 65, 127, 128])
def test_padding_comes_off_again_and_hides_lengths(size):
    padded = crypto.pad(b"\x80" * size, 64)
    assert len(padded) % 64 == 0
    assert crypto.unpad(padded) == b"\x80" * size
    assert len(padded) == (size // 64 + 1) * 64


def test_padding_that_is_none_is_refused():
    with pytest.raises(SealBroken):
        crypto.unpad(bytes(64))
