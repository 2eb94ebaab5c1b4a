"""Migrated databases that tests use one after the other: a new one costs a sixth of a second of copied files."""

from collections.abc import Callable

from pg8000 import native
from pg8000.exceptions import DatabaseError
from pipeline.platform.settings import DatabaseSettings

SCHEMA = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
    SELECT concat_ws(' ', oid, relname, relacl, relrowsecurity, relforcerowsecurity, relowner, relhastriggers)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', attrelid, attname, atttypid, attnotnull, attisdropped, attacl)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', oid, conname, convalidated, condeferred) FROM pg_constraint
    UNION ALL SELECT concat_ws(' ', oid, tgname, tgenabled) FROM pg_trigger
    UNION ALL SELECT concat_ws(' ', oid, polname, polqual, polwithcheck) FROM pg_policy
    UNION ALL SELECT concat_ws(' ', oid, nspname, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
    UNION ALL SELECT concat_ws(' ', oid, proname, proacl, prosrc)
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', datname, datacl, setrole, setconfig)
    FROM pg_database LEFT JOIN pg_db_role_setting ON setdatabase = pg_database.oid WHERE datname = current_database()
) AS parts (part)
"""
"""Everything that a test can change in a database except rows."""
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
SEQUENCES = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
MOST_BYTES = 16 * 1024 * 1024
"""Size of a database that is used again. Twice an empty one: deleted rows stay in the files."""


class DatabasePool:
    """Databases with the whole schema. One that a test has changed otherwise than by rows is not used again."""

    def __init__(self, create: Callable[[], DatabaseSettings]) -> None:
        self._create = create
        self._free: list[DatabaseSettings] = []
        self._schemas: dict[str, object] = {}
        self._rows: dict[str, str] = {}
        """The rows that the migrations insert, as JSON by table."""

    def take(self) -> DatabaseSettings:
        """A database in the state after the migrations."""
        if self._free:
            return self._free.pop()
        made = self._create()
        connection = _connect(made)
        self._schemas[made.db_name] = connection.run(SCHEMA)
        if not self._rows:
            for (table,) in connection.run(TABLES) or []:
                [[rows]] = connection.run(f"SELECT json_agg({table})::text FROM {table}") or [[None]]
                self._rows[table] = rows or ""
        connection.close()
        return made

    def give_back(self, used: DatabaseSettings) -> None:
        """Restore the rows, and offer the database to the next test."""
        try:
            connection = _connect(used)
        except DatabaseError:  # the test has dropped it
            return
        try:
            if self._is_restored(used, connection):
                self._free.append(used)
        except DatabaseError:  # a connection that the test left open holds a lock
            pass
        finally:
            connection.close()

    def _is_restored(self, used: DatabaseSettings, connection: native.Connection) -> bool:
        if connection.run(SCHEMA) != self._schemas[used.db_name]:
            return False
        [[size]] = connection.run("SELECT pg_database_size(current_database())") or [[0]]
        if size > MOST_BYTES:
            return False
        connection.run("SET lock_timeout = '1s'")
        connection.run("SET session_replication_role = replica")  # no triggers and no foreign keys
        for table, rows in self._rows.items():
            changed = connection.run(f"SELECT json_agg({table})::text FROM {table}") != [[rows or None]]
            if changed:
                connection.run(f"DELETE FROM {table}")
                connection.run(
                    f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * "
                    f"FROM json_populate_recordset(NULL::{table}, CAST(:rows AS json))",
                    rows=rows or "[]",
                )
        connection.run(SEQUENCES)
        return True


def _connect(settings: DatabaseSettings) -> native.Connection:
    return native.Connection("postgres", database=settings.db_name, unix_sock=f"{settings.db_host}/.s.PGSQL.5432")
