"""Logging in to PostgreSQL as one role or another, and changing their passwords."""

from contextlib import closing

from pg8000 import native

from pipeline.platform.credentials import Credentials
from pipeline.platform.policy import DatabaseTimeouts
from pipeline.platform.postgres import LoginRefused, Postgres
from pipeline.platform.scram import verifier
from pipeline.platform.settings import DatabaseSettings, ServerSettings


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
