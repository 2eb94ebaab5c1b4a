"""The composition root of the functions that look after the database."""

from functools import cache
from pathlib import Path

from pipeline.platform import aws, migrations, policy
from pipeline.platform.database_secrets import DatabasePassword, SecretsManagerVersions
from pipeline.platform.logins import PostgresLogins
from pipeline.platform.migrate_database import MigrateDatabase
from pipeline.platform.policy import DatabaseTimeouts
from pipeline.platform.postgres import Postgres
from pipeline.platform.role_limits import RoleLogin
from pipeline.platform.rotation import RotatePassword
from pipeline.platform.settings import DatabaseSettings, MigratorSettings, ServerSettings


@cache
def rotate_password() -> RotatePassword:
    """The rotator's use case."""
    return RotatePassword(
        SecretsManagerVersions(aws.secrets_manager), PostgresLogins(ServerSettings.read(), policy.current().database)
    )


@cache
def migrate_database() -> MigrateDatabase:
    """The migrator's use case, with the artifact's migrations."""
    settings = MigratorSettings.read()
    return MigrateDatabase(
        owner=connect_postgres(settings, policy.current().database_migrations),
        migrations=migrations.read(Path(settings.lambda_task_root) / "database" / "migrations"),
        versions=SecretsManagerVersions(aws.secrets_manager),
        logins=PostgresLogins(settings, policy.current().database),
        roles=(
            RoleLogin(settings.api_password_secret_arn, settings.api_connections),
            RoleLogin(settings.worker_password_secret_arn, settings.worker_connections),
        ),
        database=settings.db_name,
        timeouts=policy.current().database,
    )


def connect_postgres(settings: DatabaseSettings, timeouts: DatabaseTimeouts) -> Postgres:
    """The database, with the password of the settings' secret. It connects on first use."""
    return Postgres(settings, DatabasePassword(aws.secrets_manager, settings.db_password_secret_arn), timeouts)
