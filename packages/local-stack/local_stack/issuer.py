"""A minimal OpenID provider for tests: it publishes its keys over HTTP, and issues good and bad tokens."""

import base64
import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

AUDIENCE = "analysis"
SUBMIT, READ = "jobs/submit", "jobs/read"
KEY_ID = "key-1"
BAD = [
    "expired",
    "not valid yet",
    "issued in the future",
    "of another issuer",
    "of an issuer whose name begins with ours",
    "for another audience",
    "for another client",
    "for another audience, by our client",
    "without an end",
    "without an issuer",
    "without an audience",
    "signed by a stranger",
    "signed with an unknown key",
    "without a key's name",
    "not signed",
    "stripped of its signature",
    "for another subject than was signed",
    "signed with the public key as a password",
    "no token",
    "three dots",
]
"""The defects of a bad token: see ``Issuer.bad_tokens``."""


class Issuer:
    """An issuer with new keys, which are not stored."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._key, self._strangers = (rsa.generate_private_key(65537, 2048) for _ in range(2))

    def token(self, subject: str, *, without: str = "", **changes: Any) -> str:
        """A token with all scopes, apart from the changed claims and the one left out."""
        return jwt.encode(self._claims(subject, without, changes), self._key, "RS256", {"kid": KEY_ID})

    def bad_tokens(self, subject: str) -> dict[str, str]:
        """Tokens by their defect. Every route that requires a token refuses each of them."""
        now = int(time.time())
        claims = self._claims(subject, "", {})
        changed: dict[str, dict[str, Any]] = {
            "expired": {"exp": now - 1},
            "not valid yet": {"nbf": now + 600},
            "issued in the future": {"iat": now + 600},
            "of another issuer": {"iss": "https://elsewhere.example.com"},
            "of an issuer whose name begins with ours": {"iss": f"{self.url}/elsewhere"},
            "for another audience": {"aud": "something-else"},
            "for another client": {"aud": None, "client_id": "something-else"},
            "for another audience, by our client": {"aud": "something-else", "client_id": AUDIENCE},
        }
        signed = {name: self.token(subject, **change) for name, change in changed.items()}
        head, body, signature = self.token(subject).split(".")
        other = _part(self._claims("someone-else", "", {}))
        return {
            **signed,
            "without an end": self.token(subject, without="exp"),
            "without an issuer": self.token(subject, without="iss"),
            "without an audience": self.token(subject, without="aud"),
            "signed by a stranger": jwt.encode(claims, self._strangers, "RS256", {"kid": KEY_ID}),
            "signed with an unknown key": jwt.encode(claims, self._strangers, "RS256", {"kid": "key-2"}),
            "without a key's name": jwt.encode(claims, self._key, "RS256"),
            "not signed": jwt.encode(claims, "", "none", {"kid": KEY_ID}),
            "stripped of its signature": f"{head}.{body}.",
            "for another subject than was signed": f"{head}.{other}.{signature}",
            "signed with the public key as a password": self._by_public_key(claims),
            "no token": "abc",
            "three dots": "a.b.c",
        }

    def _claims(self, subject: str, without: str, changes: dict[str, Any]) -> dict[str, Any]:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now - 1,
            "nbf": now - 1,
            "exp": now + 3600,
            "scope": f"{SUBMIT} {READ}",
            **changes,
        }
        return {name: value for name, value in claims.items() if name != without and value is not None}

    def _by_public_key(self, claims: dict[str, Any]) -> str:
        public = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        signed = f"{_part({'alg': 'HS256', 'kid': KEY_ID})}.{_part(claims)}"
        return f"{signed}.{_base64(hmac.digest(public, signed.encode(), hashlib.sha256))}"

    def published(self, path: str) -> dict[str, Any] | None:
        """The issuer's published documents: its configuration and its keys."""
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        documents: dict[str, dict[str, Any]] = {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": [{**key, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]},
        }
        return documents.get(path)


@contextlib.contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer that serves until the block is left."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _handler(issuer.published)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(published: Callable[[str], dict[str, Any] | None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = published(self.path)
            self.send_response(200 if answer else 404)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """No output."""

    return Handler


def _part(content: dict[str, Any]) -> str:
    return _base64(json.dumps(content).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
