"""PostgreSQL's errors: the ones after which a statement may work later, and the ones that need a new connection."""

from collections.abc import Callable
from typing import Any

import pytest
from pg8000 import native
from pg8000.exceptions import DatabaseError, InterfaceError
from pipeline.platform.errors import ConfigurationError, Unavailable
from pipeline.platform.postgres import LoginRefused, Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support.policy import POLICY

SETTINGS = DatabaseSettings(
    environment="test",
    aws_region="us-east-1",
    db_host="localhost",
    db_name="jobs",
    db_username="api",
    db_password_secret_arn="arn",
)
Outcome = Callable[[], list[list[object]]]


def fail(error: Exception) -> Outcome:
    def run() -> list[list[object]]:
        raise error

    return run


def refused(state: str) -> Outcome:
    return fail(DatabaseError({"C": state, "M": "canary-4711"}))


class Server:
    """A server whose statements end as a script determines. Counts the connections that were opened and closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *script: Outcome) -> None:
        self.script = list(script)
        self.opened: list[dict[str, Any]] = []
        self.closed = 0
        self.prepared = 0
        monkeypatch.setattr(native, "Connection", self.connect)
        self.postgres = Postgres(SETTINGS, lambda: ["first", "second"], POLICY.database)

    def connect(self, _user: str, **arguments: Any) -> "Server":
        self.opened.append(arguments)
        return self

    def prepare(self, _sql: str) -> "Server":
        self.prepared += 1
        return self

    columns = ({"name": "one"},)

    def run(self, *sql: str) -> list[list[object]]:
        return [] if sql else self.script.pop(0)()

    def close(self) -> None:
        self.closed += 1

    def ask(self) -> list[dict[str, Any]]:
        return self.postgres.run("SELECT 1 AS one")


def good() -> list[list[object]]:
    return [[1]]


@pytest.mark.parametrize(
    "state",
    ["08000", "08006", "53100", "53300", "57014", "57P01", "57P03", "55P03", "40001", "40P01", "25006"],
)
def test_a_state_that_passes_is_unavailable(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    server = Server(monkeypatch, refused(state), good)
    with pytest.raises(Unavailable) as unavailable:
        server.ask()
    assert unavailable.value.dependency == "database"
    assert server.ask() == [{"one": 1}]


@pytest.mark.parametrize(("state", "new"), [("57P01", 1), ("08006", 1), ("25006", 1), ("57014", 0), ("40001", 0)])
def test_a_lost_server_or_a_former_primary_is_left_for_a_new_connection(
    monkeypatch: pytest.MonkeyPatch, state: str, new: int
) -> None:
    server = Server(monkeypatch, good, refused(state), good)
    server.ask()
    with pytest.raises(Unavailable):
        server.ask()
    server.ask()
    assert (len(server.opened), server.closed) == (1 + new, new)
    assert server.prepared == 1 + new  # once for each connection


@pytest.mark.parametrize("state", ["23505", "42P01", "42501", "22021", "55000"])
def test_a_refused_statement_is_an_error_and_keeps_the_connection(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    server = Server(monkeypatch, refused(state), good)
    with pytest.raises(DatabaseError):
        server.ask()
    server.ask()
    assert (len(server.opened), server.closed) == (1, 0)


@pytest.mark.parametrize("state", ["28P01", "28000"])
def test_a_refused_login_is_an_error_of_the_configuration(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    server = Server(monkeypatch, refused(state))
    with pytest.raises(LoginRefused) as login:
        server.ask()
    assert isinstance(login.value, ConfigurationError)
    assert "canary-4711" not in str(login.value)


@pytest.mark.parametrize("lost", [InterfaceError("network error"), OSError("reset"), TimeoutError("slow")])
def test_a_lost_connection_is_replaced_once(monkeypatch: pytest.MonkeyPatch, lost: Exception) -> None:
    server = Server(monkeypatch, good, fail(lost), good)
    server.ask()
    assert server.ask() == [{"one": 1}]
    assert len(server.opened) == 2
    twice = Server(monkeypatch, good, fail(lost), fail(lost))
    twice.ask()
    with pytest.raises(Unavailable):
        twice.ask()
    new = Server(monkeypatch, fail(lost), good)
    with pytest.raises(Unavailable):
        new.ask()
    assert len(new.opened) == 1


def test_a_connection_has_the_settings_and_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(monkeypatch, good)
    server.ask()
    (opened,) = server.opened
    assert opened == {
        "host": "localhost",
        "port": 5432,
        "unix_sock": None,
        "database": "jobs",
        "password": "first",
        "timeout": POLICY.database.socket_s,
        "ssl_context": False,
        "application_name": "pipeline",
    }


def test_a_secret_without_a_password_is_an_error_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(monkeypatch)
    server.postgres = Postgres(SETTINGS, list, POLICY.database)
    with pytest.raises(ConfigurationError, match="no password"):
        server.ask()


def test_an_error_without_a_state_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (DatabaseError(), DatabaseError("text")):
        with pytest.raises(DatabaseError):
            Server(monkeypatch, fail(error)).ask()
