"""TLS to the database: the connection is refused unless the server's certificate is valid."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from pipeline.platform import postgres as adapter
from pipeline.platform.errors import ConfigurationError, Unavailable
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support.policy import POLICY
from tests.support.tls_proxy import tls_proxy

NAME = "localhost"
PROXY = "database.proxy-abc123.us-east-1.rds.amazonaws.com"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def connection(database: DatabaseSettings, port: int, host: str = NAME) -> Postgres:
    settings = database.model_copy(update={"db_host": host, "db_port": port})
    return Postgres(settings, lambda: ["unused"], POLICY.database)


@pytest.fixture
def port(database: DatabaseSettings, request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[int]:
    """The port of a server whose certificate is for the host name in the test's parameter."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(getattr(request, "param", NAME)).configure_cert(context)
    assert database.unix_socket
    with tls_proxy(database.unix_socket, context) as number:
        yield number


@pytest.fixture(autouse=True)
def trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make the test's authority that of the region, and treat the server as remote."""
    (tmp_path / "rds_ca").mkdir()
    authority.cert_pem.write_to_path(str(tmp_path / "rds_ca" / "us-east-1.pem"))
    monkeypatch.setattr(adapter, "__file__", str(tmp_path / "postgres.py"))
    monkeypatch.setattr(DatabaseSettings, "remote_database", True)


def test_a_certificate_of_the_regions_authority_is_accepted(database: DatabaseSettings, port: int) -> None:
    remote = connection(database, port)
    assert remote.run("SELECT 1 AS one") == [{"one": 1}]
    remote.close()


@pytest.mark.parametrize("port", ["db.example.test"], indirect=True)
def test_the_certificate_of_another_host_is_refused(database: DatabaseSettings, port: int) -> None:
    with pytest.raises(Unavailable) as refused:
        connection(database, port).run("SELECT 1 AS one")
    assert "Hostname mismatch" in str(refused.value.__cause__)


def test_the_certificate_of_another_authority_is_refused(database: DatabaseSettings, port: int, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "rds_ca" / "us-east-1.pem"))
    with pytest.raises(Unavailable) as refused:
        connection(database, port).run("SELECT 1 AS one")
    assert "certificate verify failed" in str(refused.value.__cause__)


@pytest.fixture
def proxy_resolves_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolve the name of the RDS proxy to this machine."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: real(NAME if host == PROXY else host, *rest, **more)
    )


@pytest.mark.usefixtures("proxy_resolves_to_this_machine")
@pytest.mark.parametrize("port", [PROXY], indirect=True)
def test_rds_proxy_has_separate_authorities(
    database: DatabaseSettings, port: int, authority: trustme.CA, tmp_path: Path
) -> None:
    proxy, region = tmp_path / "rds_ca" / "proxy.pem", tmp_path / "rds_ca" / "us-east-1.pem"
    region.rename(proxy)
    trustme.CA().cert_pem.write_to_path(str(region))
    remote = connection(database, port, PROXY)
    assert remote.run("SELECT 1 AS one") == [{"one": 1}]
    remote.close()
    proxy.unlink()
    with pytest.raises(ConfigurationError, match=r"proxy\.pem"):
        connection(database, port, PROXY).run("SELECT 1 AS one")


@pytest.mark.usefixtures("proxy_resolves_to_this_machine")
def test_the_host_name_of_rds_proxy_is_verified(database: DatabaseSettings, port: int, tmp_path: Path) -> None:
    (tmp_path / "rds_ca" / "us-east-1.pem").rename(tmp_path / "rds_ca" / "proxy.pem")
    with pytest.raises(Unavailable) as refused:
        connection(database, port, PROXY).run("SELECT 1 AS one")
    assert "Hostname mismatch" in str(refused.value.__cause__)
