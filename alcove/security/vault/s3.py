"""What is asked of every S3-compatible store, whether it keeps sealed files or backups: sign in, part, name a fault."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

import boto3
from botocore import UNSIGNED
from botocore.config import Config as BotoConfig
from botocore.exceptions import ClientError

from alcove.config import Bucket as Address

PART: Final = 8 * 2**20
"""Bytes that travel in one request; what is larger is put in several."""
GONE: Final = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
REFUSED: Final = frozenset({"AccessDenied", "403"})
UNKNOWN: Final = frozenset({"NotImplemented", "501", "MethodNotAllowed", "405"})
"""How a store says that it does not know a request at all."""
SENTENCES: Final = {
    "NoSuchBucket": "there is no such bucket",
    "AccessDenied": "it refuses these credentials; docs/operating.md lists the rights they need",
    "403": "it refuses these credentials; docs/operating.md lists the rights they need",
    "InvalidAccessKeyId": "it does not know these credentials",
    "SignatureDoesNotMatch": "it does not know these credentials",
    "RequestTimeTooSkewed": "its clock and this machine's differ; set the clock right",
    "NoCredentialsError": "there are no credentials; name their file: &credentials=FILE",
}


def limits(*, connect: float, read: float, tries: int, lanes: int) -> BotoConfig:
    """Return how long a request may take, in seconds, how often it is tried, and how many run side by side."""
    return BotoConfig(
        connect_timeout=connect,
        read_timeout=read,
        retries={"total_max_attempts": tries, "mode": "standard"},
        # Stores other than AWS's do not all know the newer checksums; what is kept is sealed, so it shows by itself.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"},
        max_pool_connections=lanes,
    )


def stranger(address: Address, within: BotoConfig) -> Any:
    """Return a client that signs nothing, as anybody on the internet has one."""
    unsigned = within.merge(BotoConfig(signature_version=UNSIGNED))
    return _session().client(
        "s3", config=unsigned, endpoint_url=address.endpoint or None, region_name=address.region or None
    )


def connected(address: Address, within: BotoConfig) -> Any:
    """Return a client; raise ``BadCredentials`` for a file of credentials that cannot be used."""
    given: dict[str, Any] = {"config": within}
    if address.endpoint:
        given["endpoint_url"] = address.endpoint
    if address.region:
        given["region_name"] = address.region
    if address.credentials is not None:
        try:
            words = address.credentials.read_text("ascii").split()
        except (OSError, ValueError):
            raise BadCredentials(f"{address.credentials} cannot be read.") from None
        if len(words) != 2:  # noqa: PLR2004 - an id and a secret
            raise BadCredentials(
                f"{address.credentials} must hold two lines: the access key id and its secret."
            )
        given["aws_access_key_id"], given["aws_secret_access_key"] = words
    return _session().client("s3", **given)


class BadCredentials(ValueError):
    """The file of credentials does not hold what it must; the text is a sentence."""


@cache
def _session() -> boto3.session.Session:
    """Return what clients are made from; it reads megabytes of descriptions, once."""
    return boto3.session.Session()


def code(error: ClientError) -> str:
    """Return the store's word for what went wrong; its sentences may quote a request, so they are never shown."""
    return str(error.response.get("Error", {}).get("Code", "ClientError"))


def md5(block: bytes) -> str:
    """Return the sum by which the store knows that a request came whole; it protects nothing else."""
    return base64.b64encode(hashlib.md5(block, usedforsecurity=False).digest()).decode()


def blocks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what parts hold in blocks of ``PART`` bytes, the last one shorter."""
    held = bytearray()
    for part in parts:
        held += part
        while len(held) >= PART:
            yield bytes(held[:PART])
            del held[:PART]
    if held:
        yield bytes(held)
