"""Whether an ID token counts, and what it says (OpenID Connect Core 3.1.3.7, RFC 8725).

Read are: who (``sub``), the verified e-mail address, which ways of proving oneself were used and when. Groups, roles
and everything else a directory may write are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry

from alcove.security import policy_defaults as policy
from alcove.security.identity.oidc.wire import Provider, read_keys_again

_LEAST_RSA: Final = 342
"""Characters of a modulus of 2048 bits in base64url (NIST SP 800-131A)."""
_KINDS: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_LONGEST_SUBJECT: Final = 255
_LONGEST_EMAIL: Final = 254


class Untrusted(Exception):
    """The directory's word does not count. The text is one code word, for the log's reader and never for a page."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a directory said of somebody: ``ways`` as in RFC 8176, ``proved_at`` None if it did not say when."""

    issuer: str
    subject: str
    email: str
    ways: frozenset[str]
    proved_at: datetime | None

    def asserts(self, words: tuple[str, ...], now: datetime) -> bool:
        """Whether it says that a second factor was given, and lately."""
        return (
            bool(self.ways & set(words))
            and self.proved_at is not None
            and now - self.proved_at <= policy.DIRECTORY_PROOF_LIFE
        )


def read(token: str, known: Provider, *, client_id: str, nonce: str, now: datetime) -> Said:
    """Return what an ID token says; raise ``Untrusted``, or ``DirectoryDown`` if its key could not be read."""
    claims = _claims(token, known)
    if claims.get("iss") != known.issuer:
        raise Untrusted("issuer")
    _check_audience(claims, client_id)
    _check_times(claims, now)
    if claims.get("nonce") != nonce:
        raise Untrusted("nonce")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise Untrusted("subject")
    return Said(known.issuer, subject, _email(claims), _ways(claims), _proved_at(claims, now))


def _claims(token: str, known: Provider) -> dict[str, Any]:
    """Return the claims of a token that the directory signed."""
    registry = JWSRegistry(algorithms=known.algorithms, strict_check_header=False)
    try:
        return jwt.decode(token, lambda held: _key(held.headers(), known), known.algorithms, registry).claims
    except UnsupportedAlgorithmError:
        raise Untrusted("algorithm") from None
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Untrusted("signature") from None


def _key(header: Mapping[str, Any], known: Provider) -> RSAKey | ECKey | OKPKey:
    """Return the directory's own key a header names; whatever key or address stands in the header is not looked at."""
    if header.get("alg") not in known.algorithms or "crit" in header:
        raise Untrusted("algorithm")
    fitting = _fitting(header, known)
    if not fitting and read_keys_again(known):
        fitting = _fitting(header, known)
    if len(fitting) != 1:
        raise Untrusted("key")
    key = import_key(fitting[0])
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        raise Untrusted("key")
    return key


def _fitting(header: Mapping[str, Any], known: Provider) -> list[dict[str, Any]]:
    algorithm, named = header["alg"], header.get("kid")
    return [
        {name: value for name, value in key.items() if name in {"kty", "n", "e", "crv", "x", "y"}}
        for key in known.keys
        if key.get("kty") == _KINDS[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (named is None or key.get("kid") == named)
        and (key["kty"] != "RSA" or len(str(key.get("n", ""))) >= _LEAST_RSA)
    ]


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or client_id not in named:
        raise Untrusted("audience")
    if (len(named) > 1 or "azp" in claims) and claims.get("azp") != client_id:
        raise Untrusted("audience")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    ends, issued = _moment(claims.get("exp")), _moment(claims.get("iat"))
    if ends is None or ends + policy.DIRECTORY_SKEW <= now:
        raise Untrusted("expired")
    if issued is None or not -policy.DIRECTORY_SKEW <= now - issued <= policy.ID_TOKEN_AGE:
        raise Untrusted("issued")
    begins = _moment(claims.get("nbf"))
    if "nbf" in claims and (begins is None or begins - policy.DIRECTORY_SKEW > now):
        raise Untrusted("issued")


def _moment(seconds: Any) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None


def _email(claims: Mapping[str, Any]) -> str:
    """Return the verified address. Only ASCII: other letters may fold into the very ones of a colleague's address."""
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        raise Untrusted("e-mail")
    if not email.isascii() or not 0 < len(email) <= _LONGEST_EMAIL:
        raise Untrusted("e-mail")
    return email.lower()


def _ways(claims: Mapping[str, Any]) -> frozenset[str]:
    ways = claims.get("amr")
    return frozenset(way for way in ways if isinstance(way, str)) if isinstance(ways, list) else frozenset()


def _proved_at(claims: Mapping[str, Any], now: datetime) -> datetime | None:
    at = _moment(claims.get("auth_time"))
    return min(at, now) if at is not None and at - now <= policy.DIRECTORY_SKEW else None
