"""The certificate made at first start."""

from __future__ import annotations

import ipaddress
import ssl
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from alcove.config import Config
from alcove.security import policy_defaults as policy
from alcove.security.vault import certificate


@pytest.fixture
def config(tmp_path):
    return Config(home=tmp_path, hosts=("localhost", "clinic.example", "[::1]", ".wild.example"))


def held(config):
    return x509.load_pem_x509_certificate((config.tls / "cert.pem").read_bytes())


def test_it_is_p256_for_the_configured_hosts_and_readable_by_us_alone(config):
    path, key = certificate.ensure(config)
    made = held(config)
    assert isinstance(made.public_key(), ec.EllipticCurvePublicKey)
    assert made.public_key().curve.name == "secp256r1"
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "clinic.example", "wild.example"}
    assert set(names.get_values_for_type(x509.IPAddress)) == {
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    }
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=policy.CERTIFICATE_DAYS)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert stat.S_IMODE(config.tls.stat().st_mode) == 0o700
    assert certificate.expires_at(config) == made.not_valid_after_utc
    assert sorted(file.name for file in config.tls.iterdir()) == ["cert.pem", "key.pem"]
    assert path == config.tls / "cert.pem"


def test_a_good_one_stays(config):
    certificate.ensure(config)
    before = held(config).serial_number
    certificate.ensure(config)
    assert held(config).serial_number == before


def test_new_hosts_make_a_new_one(config):
    certificate.ensure(config)
    before = held(config).serial_number
    certificate.ensure(replace(config, hosts=("localhost", "new.example")))
    assert held(config).serial_number != before


def test_one_about_to_end_is_renewed(config, monkeypatch):
    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(UTC) + timedelta(days=policy.CERTIFICATE_DAYS - 29)

    certificate.ensure(config)
    before = held(config).serial_number
    monkeypatch.setattr(certificate, "datetime", Later)
    certificate.ensure(config)
    assert held(config).serial_number != before


@pytest.mark.parametrize(("days", "stays"), [(90, True), (2, True), (-1, False)])
def test_one_that_an_authority_signed_stays_to_its_end_whatever_it_names(config, days, stays):
    path, key = certificate.ensure(config)
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "clinic.example")]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "An authority")]))
        .public_key(private.public_key())
        .serial_number(4711)
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.example")]), critical=False)
        .sign(ec.generate_private_key(ec.SECP256R1()), certificate.hashes.SHA256())
    )
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(certificate._pem(private))
    certificate.ensure(config)
    assert (held(config).serial_number == 4711) == stays


@pytest.mark.parametrize("damage", ["key gone", "key of another", "certificate cut", "key is no key"])
def test_a_pair_that_does_not_fit_is_made_anew(config, damage):
    path, key = certificate.ensure(config)
    if damage == "key gone":
        key.unlink()
    elif damage == "key of another":
        other = ec.generate_private_key(ec.SECP256R1())
        key.write_bytes(
            other.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    elif damage == "certificate cut":
        path.write_bytes(path.read_bytes()[:200])
    else:
        key.write_text("nothing")
    certificate.ensure(config)
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    assert private.public_key() == held(config).public_key()


def test_a_browser_that_trusts_it_gets_through(config):
    path, key = certificate.ensure(config)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path, key)
    asking = ssl.create_default_context(cafile=str(path))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(incoming, outgoing, server_side=True)
    client = asking.wrap_bio(outgoing, incoming, server_hostname="clinic.example")
    done = set()
    for _ in range(10):
        for name, side in (("client", client), ("server", server)):
            try:
                side.do_handshake()
                done.add(name)
            except ssl.SSLWantReadError:
                pass
    assert done == {"client", "server"}
    assert client.version() == "TLSv1.3"


def test_two_processes_starting_at_once_end_with_a_pair_that_fits(config):
    threads = [threading.Thread(target=certificate.ensure, args=(config,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    certificate.ensure(config)
    private = serialization.load_pem_private_key((config.tls / "key.pem").read_bytes(), None)
    assert private.public_key() == held(config).public_key()
