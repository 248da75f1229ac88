"""The TLS certificate made at first start, so that the first page already travels encrypted (VLT-12).

ECDSA P-256, signed by itself, for the configured host names and 127.0.0.1, ``policy.CERTIFICATE_DAYS`` long. A
certificate that an authority signed is left alone until it has ended: whoever put it there renews it.
Key and certificate are replaced one after the other; a pair that does not fit (a killed process) is made anew.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from alcove.config import Config
from alcove.security import policy_defaults as policy

RENEW_BEFORE = timedelta(days=30)
"""VLT-12 warns from 30 days on; what we made ourselves is renewed then instead."""
_CLOCK_MARGIN = timedelta(minutes=5)


def ensure(config: Config) -> tuple[Path, Path]:
    """Return the paths of certificate and private key (PEM), making or renewing them where needed."""
    certificate, key = _paths(config)
    config.tls.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = os.open(config.tls, os.O_RDONLY)
    try:
        # Two processes that start at once take turns, so that the pair is one of a kind.
        fcntl.flock(folder, fcntl.LOCK_EX)
        if not _is_good(config):
            private = ec.generate_private_key(ec.SECP256R1())
            _write(key, _pem(private), 0o600)
            _write(
                certificate, _made(private, _names(config)).public_bytes(serialization.Encoding.PEM), 0o644
            )
    finally:
        os.close(folder)
    return certificate, key


def expires_at(config: Config) -> datetime | None:
    """Return when the certificate ends, or None if there is none that can be read."""
    held = _held(config)
    return held.not_valid_after_utc if held else None


def _paths(config: Config) -> tuple[Path, Path]:
    return config.tls / "cert.pem", config.tls / "key.pem"


def _held(config: Config) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(_paths(config)[0].read_bytes())
    except (OSError, ValueError):
        return None


def _names(config: Config) -> list[str]:
    """Return the names a certificate must carry: host names without wildcards of Django's, and loopback."""
    hosts = (host.strip("[]").removeprefix(".") for host in config.hosts if host != "*")
    return sorted({*filter(None, hosts), "127.0.0.1"})


def _is_good(config: Config) -> bool:
    held = _held(config)
    if held is None:
        return False
    try:
        private = serialization.load_pem_private_key(_paths(config)[1].read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        return False
    if private.public_key() != held.public_key():
        return False
    if held.issuer != held.subject:
        return held.not_valid_after_utc > datetime.now(UTC)
    return held.not_valid_after_utc - RENEW_BEFORE > datetime.now(UTC) and _names_all(held, config)


def _names_all(held: x509.Certificate, config: Config) -> bool:
    try:
        carried = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    return set(_names(config)) <= {str(name.value) for name in carried}


def _made(private: ec.EllipticCurvePrivateKey, names: list[str]) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Alcove")])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_MARGIN)
        .not_valid_after(now - _CLOCK_MARGIN + timedelta(days=policy.CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general(item) for item in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode("ascii"))


def _pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
