"""What PostgreSQL keeps of a password (RFC 5802, RFC 7677), computed here.

``ALTER ROLE ... PASSWORD`` takes it in the password's place, so the password itself is in no statement: not on the
way, not in the server's log, not in ``pg_stat_statements``.
"""

import hashlib
import hmac
import secrets
from base64 import b64encode

ITERATIONS = 4096
"""PostgreSQL's own default. Ours are random passwords of 192 bits, which no number of iterations makes safer."""


def verifier(password: str, salt: bytes | None = None) -> str:
    """The verifier of an ASCII password: of others the characters would have to be normalised first."""
    salt = secrets.token_bytes(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    stored = hashlib.sha256(_keyed(salted, b"Client Key")).digest()
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(_keyed(salted, b'Server Key'))}"


def _keyed(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, "sha256").digest()


def _text(value: bytes) -> str:
    return b64encode(value).decode()
