"""Limits of the database roles that the server enforces, whatever client logs in. Each deploy sets them.

The migrations hold the roles' rights on tables and functions. What follows belongs to the server or to the database as
a whole: it differs between stages, and a copy or a restore of the database does not bring it along.

The number of connections is a bound: a role cannot raise it. The timeouts are defaults: PostgreSQL lets a session
change its own, so they end forgotten sessions and honest errors, and not those of a hostile client.
"""

from dataclasses import dataclass
from typing import Protocol

from pg8000 import native

from pipeline.platform.policy import DatabaseTimeouts


class Connection(Protocol):
    """The part of pg8000's native connection that this module uses."""

    def run(self, sql: str, /, **parameters: object) -> object: ...


@dataclass(frozen=True, slots=True)
class RoleLogin:
    """A role that functions log in as."""

    secret_arn: str
    """The secret with its login."""
    connections: int
    """Most connections at a time, so that a flood of one role's clients leaves the others theirs."""


def limit_role(connection: Connection, role: str, connections: int, timeouts: DatabaseTimeouts) -> None:
    """Limit the role's connections, and set its sessions' timeouts. Needs the right to alter the role."""
    name = native.identifier(role)
    connection.run(f"ALTER ROLE {name} CONNECTION LIMIT {connections}")
    for setting, seconds in (
        ("statement_timeout", timeouts.statement_s),
        ("lock_timeout", timeouts.lock_s),
        ("idle_in_transaction_session_timeout", timeouts.idle_in_transaction_s),
        ("transaction_timeout", timeouts.transaction_s),
    ):
        connection.run(f"ALTER ROLE {name} SET {setting} = {round(seconds * 1000)}")


def limit_database(connection: Connection, database: str, roles: list[str]) -> None:
    """Let only the roles connect, and let none of them create temporary tables. Needs the database's owner."""
    name = native.identifier(database)
    connection.run(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    connection.run(f"GRANT CONNECT ON DATABASE {name} TO {', '.join(map(native.identifier, roles))}")
