"""Migrate the database and enable the logins of its roles: the use case of each deploy."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from pg8000.exceptions import InterfaceError

from pipeline.platform import migrations
from pipeline.platform.logins import set_password
from pipeline.platform.migrations import Migration
from pipeline.platform.postgres import Postgres
from pipeline.platform.rotation import Logins, SecretVersions, enable_login


@dataclass(frozen=True, slots=True)
class MigrateDatabase:
    """The use case of the migrator, as the database's owner."""

    owner: Postgres
    migrations: list[Migration]
    versions: SecretVersions
    logins: Logins
    role_secrets: Sequence[str]
    """ARNs of the secrets with the roles' logins."""

    def run(self) -> tuple[list[str], list[str]]:
        """Apply missing migrations and enable the logins of the roles they create. Returns the names of both."""
        connection = self.owner.connect()
        try:
            applied = migrations.apply(connection, self.migrations)
            enable = partial(set_password, connection, option="LOGIN")
            enabled = [enable_login(secret_arn, self.versions, self.logins, enable) for secret_arn in self.role_secrets]
            return applied, [name for name in enabled if name]
        finally:
            with suppress(InterfaceError, OSError):  # already lost: the error in flight reports it
                connection.close()
