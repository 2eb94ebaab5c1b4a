"""The connection to PostgreSQL: it comes back after it was lost, every wait ends, and TLS is verified."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from analysis.adapters import postgres as adapter
from analysis.adapters.postgres import Postgres, Waits, tls_context
from analysis.config import DatabaseSettings
from analysis.errors import ConfigurationFault, Unavailable
from pg8000 import native
from pg8000.exceptions import DatabaseError


@pytest.fixture
def admin(server: Path) -> Iterator[native.Connection]:
    connection = native.Connection("postgres", database="postgres", unix_sock=str(server / ".s.PGSQL.5432"))
    yield connection
    connection.close()


def backend(postgres: Postgres) -> int:
    return int(postgres.run("SELECT pg_backend_pid() AS pid")[0]["pid"])


def test_a_terminated_backend_is_replaced_without_an_error(postgres: Postgres, admin: native.Connection) -> None:
    first = backend(postgres)
    admin.run("SELECT pg_terminate_backend(:pid)", pid=first)
    assert backend(postgres) != first


def test_a_server_that_is_not_there_is_unavailable(empty_database: DatabaseSettings) -> None:
    nowhere = empty_database.model_copy(update={"db_host": "/nonexistent"})
    with pytest.raises(Unavailable):
        Postgres(nowhere, lambda _refused: "unused").run("SELECT 1 AS one")


def test_a_held_lock_ends_the_wait(database: DatabaseSettings, postgres: Postgres) -> None:
    holder = postgres.connect()
    holder.run("BEGIN")
    holder.run("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
    hasty = Postgres(database, lambda _refused: "unused", Waits(socket=5, statement=5, lock=0.05))
    with pytest.raises(Unavailable):
        hasty.run("SELECT count(*) AS jobs FROM jobs")
    hasty.close()
    holder.run("ROLLBACK")
    holder.close()
    assert postgres.run("SELECT count(*) AS jobs FROM jobs") == [{"jobs": 0}]


def test_a_silent_server_ends_the_wait(empty_database: DatabaseSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings = empty_database.model_copy(update={"db_host": "127.0.0.1", "db_port": port})
        with pytest.raises(Unavailable):
            Postgres(settings, lambda _refused: "unused", Waits(socket=0.2, statement=5, lock=5)).run("SELECT 1 AS one")


def test_a_refused_statement_is_an_error_and_the_connection_stays(postgres: Postgres) -> None:
    first = backend(postgres)
    with pytest.raises(DatabaseError):
        postgres.run("SELECT nothing FROM nowhere")
    assert backend(postgres) == first


def test_a_rotated_password_is_read_again(empty_database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def password(refused: bool) -> str:
        asked.append(refused)
        return "new" if refused else "old"

    real = native.Connection

    def connect(user: str, **arguments: object) -> native.Connection:
        if arguments["password"] == "old":
            raise DatabaseError({"C": "28P01"})
        return real(user, **arguments)

    monkeypatch.setattr(native, "Connection", connect)
    connection = Postgres(empty_database, password)
    assert connection.run("SELECT 1 AS one") == [{"one": 1}]
    connection.close()
    assert asked == [False, True]


def test_a_password_that_stays_wrong_is_a_fault_of_the_configuration(
    empty_database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object, **__: object) -> None:
        raise DatabaseError({"C": "28P01"})

    monkeypatch.setattr(native, "Connection", connect)
    with pytest.raises(ConfigurationFault, match="password"):
        Postgres(empty_database, lambda _refused: "wrong").run("SELECT 1 AS one")


def test_a_remote_server_without_tls_is_not_talked_to(
    empty_database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that answers 'no TLS' must not get the password. The host is remote by name, and answers here."""
    received = []

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            received.append(connection.recv(1024))
            connection.sendall(b"N")
            received.append(connection.recv(1024))

    monkeypatch.setattr(DatabaseSettings, "remote_database", True)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        settings = empty_database.model_copy(update={"db_host": "127.0.0.1", "db_port": listening.getsockname()[1]})
        with pytest.raises(Unavailable):
            Postgres(settings, lambda _refused: "secret").run("SELECT 1 AS one")
        thread.join()
    assert received == [b"\x00\x00\x00\x08\x04\xd2\x16/", b""]


def test_every_region_has_authorities_that_are_valid_and_verified_against() -> None:
    files = sorted(Path(adapter.__file__).with_name("rds_ca").glob("*.pem"))
    assert len(files) > 20
    for file in files:
        context = tls_context(file.stem)
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert all(file.stem in str(authority["subject"]) for authority in context.get_ca_certs())


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(ConfigurationFault, match="moon-1"):
        tls_context("moon-1")
