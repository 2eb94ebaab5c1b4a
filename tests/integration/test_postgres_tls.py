"""TLS to the database: the right certificate is accepted, any other is not talked to."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from analysis.adapters import postgres as adapter
from analysis.adapters.postgres import Postgres
from analysis.config import DatabaseSettings
from analysis.errors import Unavailable

from tests.support.tls_proxy import tls_proxy

NAME = "localhost"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def connection(database: DatabaseSettings, port: int) -> Postgres:
    settings = database.model_copy(update={"db_host": NAME, "db_port": port})
    return Postgres(settings, lambda _refused: "unused")


@pytest.fixture
def port(database: DatabaseSettings, request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[int]:
    """A server whose certificate is for the name that the test is given."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(getattr(request, "param", NAME)).configure_cert(context)
    assert database.unix_socket
    with tls_proxy(database.unix_socket, context) as number:
        yield number


@pytest.fixture(autouse=True)
def trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The region's authority is the test's own, and the server counts as remote."""
    (tmp_path / "rds_ca").mkdir()
    authority.cert_pem.write_to_path(str(tmp_path / "rds_ca" / "us-east-1.pem"))
    monkeypatch.setattr(adapter, "__file__", str(tmp_path / "postgres.py"))
    monkeypatch.setattr(DatabaseSettings, "remote_database", True)


def test_the_regions_authority_is_trusted(database: DatabaseSettings, port: int) -> None:
    remote = connection(database, port)
    assert remote.run("SELECT 1 AS one") == [{"one": 1}]
    remote.close()


@pytest.mark.parametrize("port", ["db.example.test"], indirect=True)
def test_another_hosts_certificate_is_refused(database: DatabaseSettings, port: int) -> None:
    with pytest.raises(Unavailable) as refused:
        connection(database, port).run("SELECT 1 AS one")
    assert "Hostname mismatch" in str(refused.value.__cause__)


def test_another_authoritys_certificate_is_refused(database: DatabaseSettings, port: int, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "rds_ca" / "us-east-1.pem"))
    with pytest.raises(Unavailable) as refused:
        connection(database, port).run("SELECT 1 AS one")
    assert "certificate verify failed" in str(refused.value.__cause__)
