"""One connection to PostgreSQL: verified TLS, bounded waits, prepared statements, and a reconnect after a loss.

A prepared statement takes pg8000 one round trip where a parameterised one takes three (measured 2026-11), so every
statement is prepared once per connection. Each runs in a separate transaction: a change is one statement. For a
tenant's statement the same round trip sets the tenant, in that transaction alone: see ``pipelining``.
"""

import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from pg8000 import native
from pg8000.exceptions import DatabaseError, InterfaceError

from pipeline.platform.errors import ConfigurationError, Unavailable
from pipeline.platform.pipelining import SET_TENANT, Row, named_rows, run_for_tenant
from pipeline.platform.policy import DatabaseTimeouts
from pipeline.platform.settings import DatabaseSettings


class LoginRefused(ConfigurationError):
    """The database refuses the user name or the password."""


AUTHENTICATION_FAILED = {"28P01", "28000"}
READ_ONLY = "25006"
UNAVAILABLE_CLASSES = ("08", "53", "57", "55P03", "40", READ_ONLY)
"""SQLSTATEs after which the same statement may work later: connection, resources, operator, lock, serialisation, and a
primary that has just become a replica."""

Passwords = Callable[[], Iterable[str]]
"""The passwords to try, in order: the next one is read after the previous one was refused."""


class Postgres:
    """Runs statements on a connection that is made when first needed and kept for the next invocation.

    Statements must be safe to run twice: after a lost connection the last one is sent again on a new connection,
    although the server may have executed it already.
    """

    def __init__(self, settings: DatabaseSettings, passwords: Passwords, timeouts: DatabaseTimeouts) -> None:
        self._settings = settings
        self._timeouts = timeouts
        self._passwords = passwords
        self._connection: native.Connection | None = None
        self._statements: dict[str, native.PreparedStatement] = {}
        self._lock = threading.Lock()  # a heartbeat and the worker share the connection

    def run(self, sql: str, tenant: str | None = None, /, **parameters: object) -> list[Row]:
        """Run one statement and return its rows; with a tenant, as that tenant, which sees and changes only its rows.

        Raises Unavailable if the server cannot be reached or is too busy, and pg8000's DatabaseError if it refuses the
        statement.
        """
        with self._lock:
            kept = self._connection is not None
            try:
                return self._run(sql, tenant, parameters)
            except (InterfaceError, OSError) as exc:
                self.close()
                if not kept:
                    raise Unavailable("database") from exc
            try:
                return self._run(sql, tenant, parameters)
            except (InterfaceError, OSError) as exc:
                self.close()
                raise Unavailable("database") from exc

    def connect(self) -> native.Connection:
        """A new connection, for the caller alone. Raises the errors of ``run``."""
        try:
            return self._connect()
        except DatabaseError as exc:
            self._translate(exc)
            raise
        except (InterfaceError, OSError) as exc:
            raise Unavailable("database") from exc

    def close(self) -> None:
        """Forget the connection; the next statement makes a new one."""
        connection, self._connection = self._connection, None
        self._statements.clear()
        if connection is not None:
            with suppress(InterfaceError, OSError):  # it may be lost already
                connection.close()

    def _run(self, sql: str, tenant: str | None, parameters: dict[str, object]) -> list[Row]:
        try:
            self._connection = self._connection or self._connect()
            if tenant is None:
                return self._execute(self._connection, sql, parameters)
            return self._execute_for(tenant, self._connection, sql, parameters)
        except DatabaseError as exc:
            self._translate(exc)
            raise

    def _execute_for(
        self, tenant: str, connection: native.Connection, sql: str, parameters: dict[str, object]
    ) -> list[Row]:
        set_tenant, statement = self._prepared(connection, SET_TENANT), self._prepared(connection, sql)
        try:
            return run_for_tenant(connection, set_tenant, tenant, statement, parameters)
        except DatabaseError:
            raise  # the server has answered every message and rolled back
        except BaseException:
            self.close()  # messages may be half sent, and the tenant's transaction still open
            raise

    def _execute(self, connection: native.Connection, sql: str, parameters: dict[str, object]) -> list[Row]:
        statement = self._prepared(connection, sql)
        rows = statement.run(**parameters) or []
        return named_rows(statement.columns, rows)

    def _prepared(self, connection: native.Connection, sql: str) -> native.PreparedStatement:
        statement = self._statements.get(sql)
        if statement is None:
            statement = self._statements[sql] = connection.prepare(sql)
        return statement

    def _translate(self, refused: DatabaseError) -> None:
        state = sqlstate(refused)
        if state.startswith(("57P", "08", READ_ONLY)):
            self.close()  # terminated, or the server is no longer the primary: a new connection finds the new one
        if state.startswith(UNAVAILABLE_CLASSES):
            raise Unavailable("database") from refused
        if state in AUTHENTICATION_FAILED:
            raise LoginRefused("the database refuses the user name or the password of the secret") from refused

    def _connect(self) -> native.Connection:
        refusal: DatabaseError | None = None
        for password in self._passwords():
            try:
                return self._connect_with(password)
            except DatabaseError as exc:
                if sqlstate(exc) not in AUTHENTICATION_FAILED:
                    raise
                refusal = exc  # the secret was rotated since it was read, or is being rotated now
        raise refusal or ConfigurationError("there is no password to try")

    def _connect_with(self, password: str) -> native.Connection:
        settings = self._settings
        try:
            connection = native.Connection(
                settings.db_username,
                host=settings.db_host,
                port=settings.db_port,
                unix_sock=settings.unix_socket,
                database=settings.db_name,
                password=password,
                timeout=self._timeouts.socket_s,
                ssl_context=tls_context(settings.db_host, settings.aws_region) if settings.remote_database else False,
                application_name="pipeline",
            )
        except InterfaceError as exc:
            raise _earlier_error(exc) or exc from None
        # Not in the startup message: RDS Proxy refuses them there.
        connection.run(
            f"SET statement_timeout = {round(self._timeouts.statement_s * 1000)};"
            f"SET lock_timeout = {round(self._timeouts.lock_s * 1000)};"
            "SET idle_in_transaction_session_timeout = 10000;"  # a frozen worker must not keep its locks
            "SET timezone = 'UTC'"
        )
        return connection


def _earlier_error(lost: BaseException | None) -> DatabaseError | None:
    """The server's error before it closed the connection: pg8000 fails to close a refused one, and hides it."""
    while lost is not None and not isinstance(lost, DatabaseError):
        lost = lost.__cause__ or lost.__context__
    return lost


def sqlstate(error: DatabaseError) -> str:
    """PostgreSQL's five-character error code, or an empty text."""
    details = error.args[0] if error.args else None
    return str(details.get("C", "")) if isinstance(details, dict) else ""


def tls_context(host: str, region: str) -> ssl.SSLContext:
    """TLS that trusts only the authorities of that kind of server, and verifies the host's name.

    pg8000's own default verifies nothing. An instance's certificate is from the region's own authorities at RDS: AWS's
    public trust bundle, split by region, as a file of three loads in a twentieth of the time that all of them take.
    A proxy's is from AWS Certificate Manager: ``proxy.pem`` has the five roots of https://www.amazontrust.com/repository/
    (their keys compared with what is published there, 2026-11). Raises ConfigurationError for an unknown region.
    """
    authorities = Path(__file__).with_name("rds_ca") / f"{'proxy' if '.proxy-' in host else region}.pem"
    if not authorities.is_file():
        raise ConfigurationError(
            f"no certificate authorities for {host!r} in {region!r}: add rds_ca/{authorities.name}"
        )
    return ssl.create_default_context(cafile=str(authorities))
