"""The environment: an error names every wrong variable, and the wiring sets the variables that a handler reads."""

import json
from pathlib import Path

import pytest
from pipeline.jobs.settings import (
    DeadLetterSettings,
    ParameterSettings,
    QueueSettings,
    ResultSettings,
    RetentionSettings,
)
from pipeline.platform.errors import ConfigurationError
from pipeline.platform.settings import DatabaseSettings, EnvironmentSettings, MigratorSettings, ServerSettings
from pipeline.tenancy.settings import AuthorizationSettings

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
        ("ApiHandler", (*JOBS, AuthorizationSettings)),
        ("Worker", JOBS),
        ("Sweeper", (*JOBS, RetentionSettings)),
        ("Operator", (DatabaseSettings, QueueSettings)),
        ("DeadLetterHandler", (DatabaseSettings, DeadLetterSettings)),
        ("Migrator", (MigratorSettings,)),
        ("Rotator", (ServerSettings,)),
    ],
)
def test_the_wiring_sets_exactly_the_variables_that_a_function_reads(
    function: str, settings: tuple[type[EnvironmentSettings], ...]
) -> None:
    read = {name.upper() for each in settings for name in each.model_fields} - SET_BY_LAMBDA
    assert read == set(WIRING[function]["inputs"]["environment"]["variables"])


def test_the_error_names_every_missing_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "test")
    monkeypatch.setenv("DB_PORT", "many")
    for name in ("AWS_REGION", "DB_HOST", "DB_NAME", "DB_USERNAME", "DB_PASSWORD_SECRET_ARN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError) as error:
        DatabaseSettings.read()
    assert str(error.value).endswith("AWS_REGION, DB_HOST, DB_NAME, DB_PASSWORD_SECRET_ARN, DB_PORT, DB_USERNAME")


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
def test_only_a_connection_within_the_machine_is_unencrypted(host: str, socket: str | None, remote: bool) -> None:
    assert (database(host).unix_socket, database(host).remote_database) == (socket, remote)
