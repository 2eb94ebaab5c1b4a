"""The composition root of the functions that look after the database."""

from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from pg8000 import native
from pg8000.exceptions import InterfaceError

from pipeline.platform import aws, migrations, observability, policy
from pipeline.platform.logins import PostgresLogins, set_password
from pipeline.platform.policy import DatabaseTimeouts
from pipeline.platform.postgres import Postgres
from pipeline.platform.rotation import RotatePassword, enable_login
from pipeline.platform.secrets import DatabasePassword, SecretVersions
from pipeline.platform.settings import DatabaseSettings, MigratorSettings, ServerSettings


@cache
def rotate_password() -> RotatePassword:
    """The rotator's use case."""
    observability.configure()
    return RotatePassword(
        SecretVersions(aws.secrets_manager), PostgresLogins(ServerSettings.read(), policy.current().database)
    )


def migrate() -> tuple[list[str], list[str]]:
    """Apply the artifact's migrations and enable the logins of the roles they create. Returns the names of both."""
    observability.configure()
    settings = MigratorSettings.read()
    found = migrations.read(Path(settings.lambda_task_root) / "database" / "migrations")
    connection: native.Connection = connect_postgres(settings, policy.current().database_migrations).connect()
    try:
        applied = migrations.apply(connection, found)
        versions, logins = SecretVersions(aws.secrets_manager), PostgresLogins(settings, policy.current().database)
        secrets = (settings.api_password_secret_arn, settings.worker_password_secret_arn)
        enable = partial(set_password, connection, option="LOGIN")
        enabled = [enable_login(secret_arn, versions, logins, enable) for secret_arn in secrets]
        return applied, [name for name in enabled if name]
    finally:
        with suppress(InterfaceError, OSError):  # already lost: the error in flight reports it
            connection.close()


def connect_postgres(settings: DatabaseSettings, timeouts: DatabaseTimeouts) -> Postgres:
    """The database, with the password of the settings' secret. It connects on first use."""
    return Postgres(settings, DatabasePassword(aws.secrets_manager, settings.db_password_secret_arn), timeouts)
