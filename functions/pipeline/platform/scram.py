"""The SCRAM verifier of a password (RFC 5802, RFC 7677).

``ALTER ROLE ... PASSWORD`` accepts it in place of the password. So the password itself is in no statement: not on the
wire, not in the server's log, not in ``pg_stat_statements``.
"""

from base64 import b64encode

from scramp import ScramMechanism

MECHANISM = "SCRAM-SHA-256"

ITERATIONS = 4096
"""PostgreSQL's own default. The passwords are random, with 192 bits, and more iterations would not make them safer."""


def verifier(password: str, salt: bytes | None = None) -> str:
    """The verifier of a password, with a random salt of 16 bytes unless one is given."""
    made = ScramMechanism(MECHANISM).make_auth_info(password, ITERATIONS, salt)
    salt, stored_key, server_key = made[0], made[1], made[2]
    return f"{MECHANISM}${ITERATIONS}:{_text(salt)}${_text(stored_key)}:{_text(server_key)}"


def _text(value: bytes) -> str:
    return b64encode(value).decode()
