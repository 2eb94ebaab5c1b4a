"""One connection to PostgreSQL: verified TLS, bounded waits, prepared statements, and a reconnect when it was lost.

A prepared statement takes pg8000 one round trip where a parameterised one takes three (measured 2026-11), so every
statement is prepared once a connection. Each runs in a transaction of its own: a change is one statement.
"""

import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pg8000 import native
from pg8000.exceptions import DatabaseError, InterfaceError

from analysis.config import DatabaseSettings
from analysis.errors import ConfigurationFault, Unavailable

SOCKET_TIMEOUT_S = 5.0
"""A statement of ours takes milliseconds. A silent server is waited for twice, on the kept connection and on a new one,
which leaves the API, with its 29 s, time to say so."""

STARTUP_PARAMETERS = {
    "statement_timeout": "4000",  # ms: less than the socket's timeout, so that the server gives up first
    "lock_timeout": "2000",  # ms
    "idle_in_transaction_session_timeout": "10000",  # ms: a frozen worker must not keep its locks
    "timezone": "UTC",
}

AUTHENTICATION_FAILED = {"28P01", "28000"}
UNAVAILABLE_CLASSES = ("08", "53", "57", "55P03", "40")
"""SQLSTATEs after which the same statement may work later: connection, resources, operator, lock, serialisation."""

Row = dict[str, Any]


class Postgres:
    """Runs statements on a connection that is made when first needed and kept for the next invocation.

    Statements must bear being run twice: after a lost connection the last one is sent again on a new connection,
    although the server may have done it already.
    """

    def __init__(self, settings: DatabaseSettings, password: Callable[[bool], str]) -> None:
        self._settings = settings
        self._password = password  # called with True when a cached password was refused
        self._connection: native.Connection | None = None
        self._statements: dict[str, native.PreparedStatement] = {}
        self._lock = threading.Lock()  # a heartbeat and the worker share the connection

    def run(self, sql: str, **parameters: object) -> list[Row]:
        """The rows of one statement.

        Raises Unavailable when the server cannot be reached or is too busy, and pg8000's DatabaseError when the
        statement itself is refused.
        """
        with self._lock:
            kept = self._connection is not None
            try:
                return self._run(sql, parameters)
            except (InterfaceError, OSError) as lost:
                self.close()
                if not kept:
                    raise Unavailable("database") from lost
            try:
                return self._run(sql, parameters)
            except (InterfaceError, OSError) as lost:
                self.close()
                raise Unavailable("database") from lost

    def connect(self) -> native.Connection:
        """A connection of the caller's own. Raises as ``run`` does."""
        try:
            return self._connect()
        except DatabaseError as refused:
            self._translate(refused)
            raise
        except (InterfaceError, OSError) as lost:
            raise Unavailable("database") from lost

    def close(self) -> None:
        """Forget the connection; the next statement makes a new one."""
        connection, self._connection = self._connection, None
        self._statements.clear()
        if connection is not None:
            with suppress(InterfaceError, OSError):  # it may be lost already
                connection.close()

    def _run(self, sql: str, parameters: dict[str, object]) -> list[Row]:
        try:
            connection = self._connection = self._connection or self._connect()
            statement = self._statements.get(sql)
            if statement is None:
                statement = self._statements[sql] = connection.prepare(sql)
            rows = statement.run(**parameters) or []
        except DatabaseError as refused:
            self._translate(refused)
            raise
        names = [column["name"] for column in statement.columns or []]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _translate(self, refused: DatabaseError) -> None:
        state = sqlstate(refused)
        if state.startswith(("57P", "08")):
            self.close()  # terminated by an operator or a failover: this connection is dead
        if state.startswith(UNAVAILABLE_CLASSES):
            raise Unavailable("database") from refused
        if state in AUTHENTICATION_FAILED:
            raise ConfigurationFault("the database refuses the user name or the password of the secret") from refused

    def _connect(self) -> native.Connection:
        try:
            return self._connect_with(self._password(False))
        except DatabaseError as refused:
            if sqlstate(refused) not in AUTHENTICATION_FAILED:
                raise
        return self._connect_with(self._password(True))  # the secret was rotated since it was read

    def _connect_with(self, password: str) -> native.Connection:
        settings = self._settings
        return native.Connection(
            settings.db_username,
            host=settings.db_host,
            port=settings.db_port,
            unix_sock=settings.unix_socket,
            database=settings.db_name,
            password=password,
            timeout=SOCKET_TIMEOUT_S,
            ssl_context=tls_context(settings.aws_region) if settings.remote_database else False,
            application_name="analysis",
            startup_params=dict(STARTUP_PARAMETERS),
        )


def sqlstate(error: DatabaseError) -> str:
    """The five characters that say what PostgreSQL objects to, or nothing."""
    details = error.args[0] if error.args else None
    return str(details.get("C", "")) if isinstance(details, dict) else ""


def tls_context(region: str) -> ssl.SSLContext:
    """TLS that trusts only the RDS certificate authorities of the region, and checks the host's name.

    pg8000's own default verifies nothing. The certificates are AWS's public trust bundle, split by region: a file of
    three loads in a twentieth of the time that all of them take. Raises ConfigurationFault for an unknown region.
    """
    authorities = Path(__file__).with_name("rds_ca") / f"{region}.pem"
    if not authorities.is_file():
        raise ConfigurationFault(f"no RDS certificate authority for region {region!r}: add {authorities.name}")
    return ssl.create_default_context(cafile=str(authorities))
