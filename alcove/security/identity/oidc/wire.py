"""What is asked of the directory over the network: its description, its keys, and a code's ID token.

The address is the operator's setting; every further one stands in the description that this address gave, and must be
``https:`` too. No redirect is followed, no answer is read beyond ``LARGEST``, and at most two threads of a process wait
for a slow directory at a time, so that it cannot hold up the pages of those who are at work.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

TIMEOUT_SECONDS: Final = 5.0
LARGEST: Final = 256 * 1024
KEPT_SECONDS: Final = 3600.0
"""How long description and keys count before they are read anew."""
AGAIN_SECONDS: Final = 60.0
"""Keys are read for the sake of an unknown one at most this often: anybody can make one up."""
ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519",
)  # fmt: skip
"""Signatures by a key only the directory holds; neither ``none`` nor a shared secret (RFC 8725 3.1)."""
_OK = 200
_turns = threading.BoundedSemaphore(2)


class DirectoryDown(Exception):
    """The directory did not answer as a directory does. ``fault``: a code word, never what it said."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(slots=True)
class Provider:
    """A directory as it describes itself. ``keys``: its JSON Web Keys. ``says_issuer``: its answers name it (RFC 9207).

    ``secret_in_form``: the client's secret goes into the form, because the directory takes no header.
    """

    issuer: str
    authorization: str
    token: str
    jwks: str
    algorithms: tuple[str, ...]
    secret_in_form: bool
    says_issuer: bool
    keys: list[dict[str, Any]]
    read_at: float
    asked_again_at: float = field(default=float("-inf"))


_known: dict[str, Provider] = {}


def forget() -> None:
    """Forget every description and key that was read."""
    _known.clear()


def provider(issuer: str) -> Provider:
    """Return the directory's description and keys, at most an hour old; raise ``DirectoryDown``."""
    found = _known.get(issuer)
    if found is None or time.monotonic() - found.read_at > KEPT_SECONDS:
        with _turn():
            found = _known[issuer] = _described(issuer)
    return found


def read_keys_again(known: Provider) -> bool:
    """Read the keys anew because one was unknown; return whether that was due. Raises ``DirectoryDown``."""
    now = time.monotonic()
    if now - known.asked_again_at < AGAIN_SECONDS:
        return False
    known.asked_again_at = now
    with _turn():
        known.keys = _keys(known.jwks)
    return True


def id_token(
    known: Provider, *, code: str, verifier: str, redirect_uri: str, client_id: str, secret: str
) -> str:
    """Exchange a code for its ID token; raise ``DirectoryDown``, also for a code that is refused."""
    fields = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri,
        "code_verifier": verifier, "client_id": client_id,
    }  # fmt: skip
    headers = {}
    if known.secret_in_form:
        fields["client_secret"] = secret
    else:
        # Both are written as in a form before they are joined (RFC 6749 2.3.1).
        pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
    with _turn():
        answer = _asked("POST", known.token, urlencode(fields), headers)
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise DirectoryDown("no id token")
    return token


def _described(issuer: str) -> Provider:
    said = _asked("GET", issuer.rstrip("/") + "/.well-known/openid-configuration")
    if said.get("issuer") != issuer:
        raise DirectoryDown("another issuer")
    methods = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if not {"client_secret_basic", "client_secret_post"} & set(methods):
        raise DirectoryDown("no client secret")
    offered = said.get("id_token_signing_alg_values_supported") or ["RS256"]
    jwks = _endpoint(said, "jwks_uri", issuer)
    return Provider(
        issuer=issuer,
        authorization=_endpoint(said, "authorization_endpoint", issuer),
        token=_endpoint(said, "token_endpoint", issuer),
        jwks=jwks,
        algorithms=tuple(name for name in ALGORITHMS if name in offered),
        secret_in_form="client_secret_basic" not in methods,
        says_issuer=said.get("authorization_response_iss_parameter_supported") is True,
        keys=_keys(jwks),
        read_at=time.monotonic(),
    )


def _endpoint(said: dict[str, Any], name: str, issuer: str) -> str:
    """Return an address of the description; plain ``http:`` only beside an issuer on this machine."""
    address = said.get(name)
    parts = urlsplit(address) if isinstance(address, str) else None
    own = urlsplit(issuer)
    if parts is None or not parts.hostname or parts.fragment:
        raise DirectoryDown(f"no {name}")
    is_beside = own.scheme == "http" and parts.scheme == "http" and parts.hostname == own.hostname
    if parts.scheme != "https" and not is_beside:
        raise DirectoryDown(f"{name} is not https")
    return str(address)


def _keys(url: str) -> list[dict[str, Any]]:
    keys = _asked("GET", url).get("keys")
    if not isinstance(keys, list):
        raise DirectoryDown("no keys")
    return [key for key in keys if isinstance(key, dict)]


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=1.0):
        raise DirectoryDown("crowded")
    try:
        yield
    finally:
        _turns.release()


def _asked(method: str, url: str, body: str | None = None, headers: dict[str, str] | None = None) -> Any:
    """Return the JSON object the directory answers; raise ``DirectoryDown`` for anything else."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Accept": "application/json"} | (headers or {})
    if body is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    try:
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        status, text = response.status, response.read(LARGEST + 1)
    except (OSError, http.client.HTTPException) as error:
        raise DirectoryDown(type(error).__name__) from None
    finally:
        connection.close()
    if status != _OK or len(text) > LARGEST:
        raise DirectoryDown(f"HTTP {status}")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise DirectoryDown("no JSON") from None
    if not isinstance(answer, dict):
        raise DirectoryDown("no JSON")
    return answer


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    return http.client.HTTPSConnection(
        host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
    )
