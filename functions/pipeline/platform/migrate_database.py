"""Migrate the database, and limit and enable the logins of its roles: the use case of each deploy."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from pg8000.exceptions import InterfaceError

from pipeline.platform import migrations
from pipeline.platform.errors import Unavailable
from pipeline.platform.logins import set_password
from pipeline.platform.migrations import Migration
from pipeline.platform.policy import DatabaseTimeouts
from pipeline.platform.postgres import Postgres
from pipeline.platform.role_limits import Connection, RoleLogin, limit_database, limit_role
from pipeline.platform.rotation import CURRENT, Logins, SecretVersions, enable_login


@dataclass(frozen=True, slots=True)
class MigrateDatabase:
    """The use case of the migrator, as the database's owner."""

    owner: Postgres
    migrations: list[Migration]
    versions: SecretVersions
    logins: Logins
    roles: Sequence[RoleLogin]
    database: str
    timeouts: DatabaseTimeouts
    """Of the roles' sessions."""

    def run(self) -> tuple[list[str], list[str]]:
        """Apply missing migrations and enable the logins of the roles they create. Returns the names of both."""
        connection = self.owner.connect()
        try:
            applied = migrations.apply(connection, self.migrations)
            names = [self._limit(connection, role) for role in self.roles]
            limit_database(connection, self.database, names)
            enable = partial(set_password, connection, option="LOGIN")
            enabled = [enable_login(role.secret_arn, self.versions, self.logins, enable) for role in self.roles]
            return applied, [name for name in enabled if name]
        finally:
            with suppress(InterfaceError, OSError):  # already lost: the error in flight reports it
                connection.close()

    def _limit(self, connection: Connection, role: RoleLogin) -> str:
        login = self.versions.read(role.secret_arn, CURRENT)
        if login is None:
            raise Unavailable("secret")
        limit_role(connection, login.username, role.connections, self.timeouts)
        return login.username
