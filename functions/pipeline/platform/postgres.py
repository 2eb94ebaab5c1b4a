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
from pipeline.platform.pipelining import SET_TENANT, run_after
from pipeline.platform.policy import DatabaseTimeouts
from pipeline.platform.rows import Row, named_rows
from pipeline.platform.settings import DatabaseSettings


class LoginRefused(ConfigurationError):
    """The database does not know the user name, or refuses the password."""


AUTHENTICATION_FAILED = {"28P01", "28000"}
READ_ONLY = "25006"
FOREIGN_KEY = "23503"
UNAVAILABLE_CLASSES = ("08", "53", "57", "55P03", "40", READ_ONLY, FOREIGN_KEY)
"""SQLSTATEs after which the same statement may work later: connection, resources, operator, lock, serialisation, a
primary that has just become a replica, and a configuration that was deleted as unused while a job was recorded."""

Passwords = Callable[[], Iterable[str]]
"""The passwords to try, in order: the next is requested only after the previous one was refused."""


class Postgres:
    """Runs statements on a connection that is opened on first use and kept for the next invocation.

    Statements must be safe to run twice: after a lost connection the last one is sent a second time, on a new
    connection, although the server may have executed it already.
    """

    def __init__(self, settings: DatabaseSettings, passwords: Passwords, timeouts: DatabaseTimeouts) -> None:
        self._settings = settings
        self._timeouts = timeouts
        self._passwords = passwords
        self._connection: native.Connection | None = None
        self._statements: dict[str, native.PreparedStatement] = {}
        self._lock = threading.Lock()  # a heartbeat and the worker share the connection

    def run(self, sql: str, tenant: str | None = None, /, **parameters: object) -> list[Row]:
        """The rows of one statement. With a tenant, row level security limits it to the tenant's rows.

        Raises Unavailable when the server cannot be reached or is too busy, and pg8000's DatabaseError when the
        statement itself is refused.
        """
        return self._run_twice(sql, None if tenant is None else (SET_TENANT, tenant), parameters)

    def run_locked(self, lock: str, sql: str, /, **parameters: object) -> list[Row]:
        """The rows of one statement that runs once ``lock``, a statement without rows, has returned.

        The statement sees all that was committed before. Raises as ``run`` does.
        """
        return self._run_twice(sql, (lock,), parameters)

    def connect(self) -> native.Connection:
        """A new connection, which the caller closes. Raises as ``run`` does."""
        try:
            return self._connect()
        except DatabaseError as exc:
            self._translate(exc)
            raise
        except (InterfaceError, OSError) as exc:
            raise Unavailable("database") from exc

    def close(self) -> None:
        """Close the connection; the next statement opens a new one."""
        connection, self._connection = self._connection, None
        self._statements.clear()
        if connection is not None:
            with suppress(InterfaceError, OSError):  # it may be lost already
                connection.close()

    def _run_twice(self, sql: str, first: tuple[str, ...] | None, parameters: dict[str, object]) -> list[Row]:
        with self._lock:
            kept = self._connection is not None
            try:
                return self._run(sql, first, parameters)
            except (InterfaceError, OSError) as exc:
                if not kept:
                    raise Unavailable("database") from exc
            try:
                return self._run(sql, first, parameters)
            except (InterfaceError, OSError) as exc:
                raise Unavailable("database") from exc

    def _run(self, sql: str, first: tuple[str, ...] | None, parameters: dict[str, object]) -> list[Row]:
        try:
            self._connection = self._connection or self._connect()
            return self._execute(self._connection, sql, first, parameters)
        except DatabaseError as exc:  # the server has answered every message and rolled back
            self._translate(exc)
            raise
        except BaseException:
            self.close()  # messages may be half sent, or an answer half read, and a transaction still open
            raise

    def _execute(
        self, connection: native.Connection, sql: str, first: tuple[str, ...] | None, parameters: dict[str, object]
    ) -> list[Row]:
        """Run one statement, after another one if there is a ``first``: its text and its values."""
        statement = self._prepared(connection, sql)
        if first is not None:
            return run_after(connection, self._prepared(connection, first[0]), first[1:], statement, parameters)
        rows = statement.run(**parameters) or []
        return named_rows(statement.columns, rows)

    def _prepared(self, connection: native.Connection, sql: str) -> native.PreparedStatement:
        statement = self._statements.get(sql)
        if statement is None:
            statement = self._statements[sql] = connection.prepare(sql)
        return statement

    def _translate(self, error: DatabaseError) -> None:
        state = sqlstate(error)
        if state.startswith(("57P", "08", READ_ONLY)):
            self.close()  # terminated, or the server is no longer the primary: a new connection finds the new one
        if state.startswith(UNAVAILABLE_CLASSES):
            raise Unavailable("database") from error
        if state in AUTHENTICATION_FAILED:
            raise LoginRefused("the database refuses the user name or the password of the secret") from error

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
            raise _server_error_behind(exc) or exc from None
        # Not in the startup message: RDS Proxy refuses these options there.
        connection.run(
            f"SET statement_timeout = {round(self._timeouts.statement_s * 1000)};"
            f"SET lock_timeout = {round(self._timeouts.lock_s * 1000)};"
            f"SET idle_in_transaction_session_timeout = {round(self._timeouts.idle_in_transaction_s * 1000)};"
            "SET timezone = 'UTC'"
        )
        return connection


def _server_error_behind(error: BaseException | None) -> DatabaseError | None:
    """The server's error that an error hides, if any.

    A server that refuses a login closes the connection. pg8000 then fails to send its farewell, and raises that error.
    """
    while error is not None and not isinstance(error, DatabaseError):
        error = error.__cause__ or error.__context__
    return error


def sqlstate(error: DatabaseError) -> str:
    """PostgreSQL's five-character error code (documentation, Appendix A), or an empty string if there is none."""
    details = error.args[0] if error.args else None
    return str(details.get("C", "")) if isinstance(details, dict) else ""


def tls_context(host: str, region: str) -> ssl.SSLContext:
    """TLS that trusts only the certificate authorities of RDS in the region, and verifies the host name.

    pg8000's default verifies nothing. The region's authorities at RDS sign an instance's certificate. The files are
    AWS's public trust bundle split by region: loading three authorities takes a twentieth of the time of the whole
    bundle. AWS Certificate Manager signs a proxy's certificate: ``proxy.pem`` contains the five roots of
    https://www.amazontrust.com/repository/ (keys compared with the published ones, 2026-11).

    Raises ConfigurationError for a region without a file.
    """
    authorities = Path(__file__).with_name("rds_ca") / f"{'proxy' if '.proxy-' in host else region}.pem"
    if not authorities.is_file():
        raise ConfigurationError(
            f"no certificate authorities for {host!r} in {region!r}: add rds_ca/{authorities.name}"
        )
    return ssl.create_default_context(cafile=str(authorities))
