"""The connection to PostgreSQL: it reconnects after a loss, every wait has a timeout, and TLS is verified."""

import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pg8000 import core, native
from pg8000.exceptions import DatabaseError
from pipeline.platform import postgres as adapter
from pipeline.platform.errors import ConfigurationError, Unavailable
from pipeline.platform.policy import DatabaseTimeouts
from pipeline.platform.postgres import Postgres, tls_context
from pipeline.platform.settings import DatabaseSettings

from tests.support.policy import POLICY


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


def test_a_missing_server_is_unavailable(empty_database: DatabaseSettings) -> None:
    nowhere = empty_database.model_copy(update={"db_host": "/nonexistent"})
    with pytest.raises(Unavailable):
        Postgres(nowhere, lambda: ["unused"], POLICY.database).run("SELECT 1 AS one")


def test_a_wait_for_a_lock_times_out(database: DatabaseSettings, postgres: Postgres) -> None:
    holder = postgres.connect()
    holder.run("BEGIN")
    holder.run("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
    impatient = Postgres(database, lambda: ["unused"], DatabaseTimeouts(socket_s=5, statement_s=5, lock_s=0.05))
    with pytest.raises(Unavailable):
        impatient.run("SELECT count(*) AS jobs FROM jobs")
    impatient.close()
    holder.run("ROLLBACK")
    holder.close()
    assert postgres.run("SELECT count(*) AS jobs FROM jobs") == [{"jobs": 0}]


def test_a_wait_for_an_unresponsive_server_times_out(empty_database: DatabaseSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings = empty_database.model_copy(update={"db_host": "127.0.0.1", "db_port": port})
        with pytest.raises(Unavailable):
            Postgres(settings, lambda: ["unused"], DatabaseTimeouts(socket_s=0.2, statement_s=5, lock_s=5)).run(
                "SELECT 1 AS one"
            )


def test_a_refused_statement_is_an_error_and_keeps_the_connection(postgres: Postgres) -> None:
    first = backend(postgres)
    with pytest.raises(DatabaseError):
        postgres.run("SELECT nothing FROM nowhere")
    assert backend(postgres) == first


@pytest.mark.parametrize("tenant", [None, "a"])
def test_a_connection_with_an_unread_answer_is_replaced(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, tenant: str | None
) -> None:
    """Otherwise the next statement would read this one's answer, and run as its tenant."""
    query = "SELECT CAST(:number AS integer) AS number, request_tenant() AS tenant"
    first = backend(postgres)
    assert postgres.run(query, tenant, number=1) == [{"number": 1, "tenant": tenant}]

    def interrupted(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(core, "_read", interrupted)
        with pytest.raises(KeyboardInterrupt):
            postgres.run(query, tenant, number=2)
    assert postgres.run(query, "b", number=3) == [{"number": 3, "tenant": "b"}]
    assert postgres.run(query, number=4) == [{"number": 4, "tenant": None}]
    assert backend(postgres) != first


def test_the_next_password_is_tried_when_one_is_refused(
    empty_database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    real = native.Connection

    def connect(user: str, **arguments: object) -> native.Connection:
        tried.append(str(arguments["password"]))
        if tried[-1] != "new":
            raise DatabaseError({"C": "28P01"})
        return real(user, **arguments)

    monkeypatch.setattr(native, "Connection", connect)
    connection = Postgres(empty_database, lambda: ["old", "new", "not tried"], POLICY.database)
    assert connection.run("SELECT 1 AS one") == [{"one": 1}]
    connection.close()
    assert tried == ["old", "new"]


def test_a_refused_password_is_a_configuration_error(
    empty_database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object, **__: object) -> None:
        raise DatabaseError({"C": "28P01"})

    monkeypatch.setattr(native, "Connection", connect)
    with pytest.raises(ConfigurationError, match="password"):
        Postgres(empty_database, lambda: ["wrong"], POLICY.database).run("SELECT 1 AS one")


def test_no_password_is_sent_to_a_remote_server_without_tls(
    empty_database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server declines TLS. It runs on this machine, but the settings treat it as remote."""
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
            Postgres(settings, lambda: ["secret"], POLICY.database).run("SELECT 1 AS one")
        thread.join()
    assert received == [b"\x00\x00\x00\x08\x04\xd2\x16/", b""]


def test_the_startup_message_contains_only_parameters_that_rds_proxy_accepts(empty_database: DatabaseSettings) -> None:
    """RDS Proxy refuses others: 'Feature not supported: RDS Proxy currently doesn't support the option ...'."""
    received = []

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            received.append(connection.recv(1024))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        settings = empty_database.model_copy(update={"db_host": "127.0.0.1", "db_port": listening.getsockname()[1]})
        with pytest.raises(Unavailable):
            Postgres(settings, lambda: ["unused"], POLICY.database).run("SELECT 1 AS one")
        thread.join()
    words = received[0][8:].rstrip(b"\0").split(b"\0")
    assert set(words[::2]) == {b"user", b"database", b"application_name"}


def test_a_session_has_its_timeouts_and_its_time_zone(empty_database: DatabaseSettings) -> None:
    postgres = Postgres(empty_database, lambda: ["unused"], DatabaseTimeouts(socket_s=5, statement_s=4, lock_s=2))
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone")
    session = {name: postgres.run(f"SELECT current_setting('{name}') AS value")[0]["value"] for name in names}
    postgres.close()
    assert list(session.values()) == ["4s", "2s", "10s", "UTC"]


AUTHORITIES = sorted(Path(adapter.__file__).with_name("rds_ca").glob("*.pem"))


def test_the_certificate_authorities_of_every_region_are_verified() -> None:
    regions = [file.stem for file in AUTHORITIES if file.stem != "proxy"]
    assert len(regions) > 20
    for region in regions:
        context = tls_context(f"database.abc.{region}.rds.amazonaws.com", region)
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert all(region in str(authority["subject"]) for authority in context.get_ca_certs())


PUBLISHED = {
    "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2",
    "7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461",
    "36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9",
    "f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5",
    "2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92",
}
"""SHA-256 of the public keys of Amazon's roots: https://www.amazontrust.com/repository/, read 2026-11."""


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # Starfield's is 0
def test_rds_proxy_is_verified_against_the_roots_that_amazon_publishes() -> None:
    context = tls_context("database.proxy-abc.us-east-1.rds.amazonaws.com", "us-east-1")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    keys = {
        hashlib.sha256(
            x509.load_der_x509_certificate(root)
            .public_key()
            .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).hexdigest()
        for root in context.get_ca_certs(binary_form=True)
    }
    assert keys == PUBLISHED


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="moon-1"):
        tls_context("database.abc.moon-1.rds.amazonaws.com", "moon-1")
