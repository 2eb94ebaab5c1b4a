"""The environment: every fault is named, and the wiring sets exactly what each handler reads."""

import json
from pathlib import Path

import pytest
from pipeline.jobs.settings import DeadLetterSettings, ParameterSettings, QueueSettings, ResultSettings
from pipeline.platform.errors import ConfigurationError
from pipeline.platform.settings import DatabaseSettings, EnvironmentSettings, MigratorSettings, ServerSettings

WIRING = json.loads((Path(__file__).parents[2] / "infra" / "wiring.json").read_text())["resources"]
JOBS = (DatabaseSettings, QueueSettings, ResultSettings, ParameterSettings)
SET_BY_LAMBDA = {"AWS_REGION", "LAMBDA_TASK_ROOT"}


def database(host: str) -> DatabaseSettings:
    return DatabaseSettings(
        environment="x", aws_region="x", db_host=host, db_name="x", db_username="x", db_password_secret_arn="x"
    )


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        ("ApiHandler", JOBS),
        ("Worker", JOBS),
        ("Sweeper", (DatabaseSettings, QueueSettings)),
        ("Operator", (DatabaseSettings, QueueSettings)),
        ("DeadLetterHandler", (DatabaseSettings, DeadLetterSettings)),
        ("Migrator", (MigratorSettings,)),
        ("Rotator", (ServerSettings,)),
    ],
)
def test_a_function_is_given_what_it_reads_and_nothing_else(
    function: str, settings: tuple[type[EnvironmentSettings], ...]
) -> None:
    read = {name.upper() for each in settings for name in each.model_fields} - SET_BY_LAMBDA
    assert read == set(WIRING[function]["inputs"]["environment"]["variables"])


def test_every_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "test")
    monkeypatch.setenv("DB_PORT", "many")
    for name in ("AWS_REGION", "DB_HOST", "DB_NAME", "DB_USERNAME", "DB_PASSWORD_SECRET_ARN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError) as fault:
        DatabaseSettings.read()
    assert str(fault.value).endswith("AWS_REGION, DB_HOST, DB_NAME, DB_PASSWORD_SECRET_ARN, DB_PORT, DB_USERNAME")


@pytest.mark.parametrize(
    ("host", "socket", "remote"),
    [
        ("/var/run/postgresql", "/var/run/postgresql/.s.PGSQL.5432", False),
        ("localhost", None, False),
        ("127.0.0.1", None, False),
        ("db.abc.us-east-1.rds.amazonaws.com", None, True),
        ("10.0.0.5", None, True),
    ],
)
def test_only_a_connection_that_stays_on_the_machine_is_not_encrypted(
    host: str, socket: str | None, remote: bool
) -> None:
    assert (database(host).unix_socket, database(host).remote_database) == (socket, remote)
