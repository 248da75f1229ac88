"""A directory on loopback that speaks OpenID Connect: discovery, keys, codes, PKCE, ID tokens; and one that lies."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT_ID, SECRET = "alcove at the clinic", "a secret: with % and +"


@lru_cache(maxsize=4)
def rsa(kid):
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


def unsigned(header, claims):
    """Return a token whose signature is empty."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)
    ]
    return ".".join([*parts, ""])


class Directory:
    """``claims`` and ``header`` are laid over those of the next token; ``token`` replaces it; ``said`` its description."""

    def __init__(self):
        self.key = rsa("first")
        self.keys = [self.key]
        self.claims, self.header, self.said = {}, {}, {}
        self.token = self.answer = None
        self.codes, self.requests = {}, []
        outer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append(self.path)
                self._say(*outer.got(self.path))

            def do_POST(self):
                outer.requests.append(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._say(*outer.posted(dict(parse_qsl(body)), self.headers.get("Authorization", "")))

            def _say(self, status, answer):
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def got(self, path):
        if self.answer is not None:
            return self.answer
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer,
                "authorization_endpoint": self.issuer + "/authorize?tenant=clinic",
                "token_endpoint": self.issuer + "/token",
                "jwks_uri": self.issuer + "/keys",
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
                "authorization_response_iss_parameter_supported": True,
            } | self.said
        if path == "/keys":
            return 200, {"keys": [key.as_dict(private=False) for key in self.keys]}
        return 404, {}

    def posted(self, form, authorization):
        pair = base64.b64decode(authorization.removeprefix("Basic ") + "==").decode()
        held = self.codes.pop(form.get("code"), None)
        from urllib.parse import unquote

        checks = (
            held is not None,
            [unquote(part) for part in pair.split(":")] == [CLIENT_ID, SECRET],
            form.get("grant_type") == "authorization_code",
            held is not None and form.get("redirect_uri") == held["redirect_uri"],
            held is not None and _s256(form.get("code_verifier", "")) == held["code_challenge"],
        )
        if not all(checks):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.signed(held["nonce"])}

    def signed(self, nonce, **more):
        """Return an ID token with what is laid over it."""
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": "7c1e", "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce,
            "email": "practitioner@clinic.example", "email_verified": True,
        } | self.claims | more  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": self.key.kid} | self.header
        if self.token is not None:
            return self.token(header, claims)
        return jwt.encode(header, claims, self.key, [header["alg"]])

    def sign_in(self, location):
        """Be the person who signs in there: return the path with which the browser comes back."""
        asked = {name: value[0] for name, value in parse_qs(urlsplit(location).query).items()}
        assert location.startswith(self.issuer + "/authorize?tenant=clinic&")
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["scope"].split()[0] == "openid"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = urlsplit(asked["redirect_uri"])
        return f"{back.path}?" + urlencode({"code": code, "state": asked["state"], "iss": self.issuer})


def _s256(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def elliptic(kid):
    return ECKey.generate_key("P-256", {"kid": kid})
