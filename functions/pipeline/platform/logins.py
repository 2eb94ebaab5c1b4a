"""Logging in to PostgreSQL as one role or another, and changing their passwords."""

from base64 import b64encode
from contextlib import closing

from pg8000 import native
from scramp import ScramMechanism

from pipeline.platform.credentials import Credentials
from pipeline.platform.policy import DatabaseTimeouts
from pipeline.platform.postgres import LoginRefused, Postgres
from pipeline.platform.settings import DatabaseSettings, ServerSettings

MECHANISM = "SCRAM-SHA-256"

ITERATIONS = 4096
"""PostgreSQL's own default. The passwords are random, with 192 bits, and more iterations would not make them safer."""


class PostgresLogins:
    """Implements ``platform.rotation.Logins``."""

    def __init__(self, server: ServerSettings, timeouts: DatabaseTimeouts) -> None:
        self._server = server
        self._timeouts = timeouts

    def works(self, credentials: Credentials) -> bool:
        try:
            self._connect(credentials).close()
        except LoginRefused:
            return False
        return True

    def change(self, credentials: Credentials, password: str) -> None:
        with closing(self._connect(credentials)) as connection:
            set_password(connection, Credentials(username=credentials.username, password=password))

    def _connect(self, credentials: Credentials) -> native.Connection:
        settings = DatabaseSettings(
            **self._server.model_dump(include=set(ServerSettings.model_fields)),
            db_username=credentials.username,
            db_password_secret_arn="",
        )
        return Postgres(settings, lambda: [credentials.password], self._timeouts).connect()


def set_password(connection: native.Connection, credentials: Credentials, option: str = "") -> None:
    """Set a role's password. A role may do this for itself; the option ``LOGIN`` needs the right to create roles."""
    role, kept = native.identifier(credentials.username), native.literal(verifier(credentials.password))
    connection.run(f"ALTER ROLE {role} {option} PASSWORD {kept}")


def verifier(password: str, salt: bytes | None = None) -> str:
    """The SCRAM verifier of a password (RFC 5802, RFC 7677), with a random salt of 16 bytes unless one is given.

    ``ALTER ROLE ... PASSWORD`` accepts it in place of the password. So the password itself is in no statement: not on
    the wire, not in the server's log, not in ``pg_stat_statements``.
    """
    made = ScramMechanism(MECHANISM).make_auth_info(password, ITERATIONS, salt)
    salt, stored_key, server_key = made[0], made[1], made[2]
    return f"{MECHANISM}${ITERATIONS}:{_text(salt)}${_text(stored_key)}:{_text(server_key)}"


def _text(value: bytes) -> str:
    return b64encode(value).decode()
