"""The composition root of the functions that look after the database."""

from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from pg8000 import native
from pg8000.exceptions import InterfaceError

from pipeline.platform import aws, migrations, observability
from pipeline.platform.logins import PostgresLogins, set_password
from pipeline.platform.postgres import MIGRATIONS, REQUESTS, Postgres, Timeouts
from pipeline.platform.rotation import RotatePassword, enable_login
from pipeline.platform.secrets import DatabasePassword, SecretVersions
from pipeline.platform.settings import DatabaseSettings, MigratorSettings, ServerSettings


@cache
def rotate_password() -> RotatePassword:
    """What the rotator needs."""
    observability.configure()
    return RotatePassword(SecretVersions(aws.secrets_manager), PostgresLogins(ServerSettings.read()))


def migrate() -> tuple[list[str], list[str]]:
    """Apply the artifact's migrations and let the roles that they make log in; the names of both."""
    observability.configure()
    settings = MigratorSettings.read()
    found = migrations.read(Path(settings.lambda_task_root) / "database" / "migrations")
    connection: native.Connection = connect_postgres(settings, MIGRATIONS).connect()
    try:
        applied = migrations.apply(connection, found)
        versions, logins = SecretVersions(aws.secrets_manager), PostgresLogins(settings)
        secrets = (settings.api_password_secret_arn, settings.worker_password_secret_arn)
        let_in = partial(set_password, connection, option="LOGIN")
        admitted = [enable_login(secret_arn, versions, logins, let_in) for secret_arn in secrets]
        return applied, [name for name in admitted if name]
    finally:
        with suppress(InterfaceError, OSError):  # lost already: the error that is on its way says so
            connection.close()


def connect_postgres(settings: DatabaseSettings, waits: Timeouts = REQUESTS) -> Postgres:
    return Postgres(settings, DatabasePassword(aws.secrets_manager, settings.db_password_secret_arn), waits)
