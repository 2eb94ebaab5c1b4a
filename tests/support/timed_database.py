"""A PostgreSQL database whose time a test sets, and whose content it can compare and restore.

The adapters' statements read the time from ``now()``. Such a database has its own function of that name, which
precedes PostgreSQL's and returns a setting of the session. No test then depends on its speed, and stored times compare
to the microsecond.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pg8000 import native
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support.fakes import FakeClock
from tests.support.policy import POLICY
from tests.support.schema_dump import migrate

SLOTS = 9
"""Slots that are kept of the thousand that the migration creates, so that restoring them is fast."""

NOW = """
CREATE FUNCTION public.now() RETURNS timestamptz STABLE LANGUAGE sql
    RETURN CAST(current_setting('test.now') AS timestamptz)
"""

IGNORED = {
    "job_events": ("id", "at"),
    "erasures": ("id",),
    "job_configs": ("created_at",),
    "jobs": ("claim_id",),
    "model_slots": ("number",),
}
"""Columns that differ from run to run and have no meaning outside the database."""


def timed(settings: DatabaseSettings, at: datetime) -> DatabaseSettings:
    """Turn an empty database into one with the whole schema and a fixed time."""
    connection = Postgres(settings, lambda: ["unused"], POLICY.database).connect()
    connection.run(f"ALTER DATABASE {settings.db_name} SET search_path = public, pg_catalog")
    connection.run(f"ALTER DATABASE {settings.db_name} SET test.now = '{at.isoformat()}'")
    connection.run(NOW)
    connection.close()
    migrate(settings)
    return settings


class SessionClock(FakeClock):
    """A clock that the fakes and one PostgreSQL session share. ``run`` is the session's."""

    def __init__(self, run: Callable[..., object]) -> None:
        super().__init__()
        self._run = run
        self.forward(0)

    def forward(self, seconds: float) -> None:
        super().forward(seconds)
        self._run("SELECT set_config('test.now', :at, false) AS at", at=self.now.isoformat())


Tables = dict[str, list[dict[str, Any]]]


class Content:
    """The content of the tables, for a superuser whose changes fire no triggers."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._connection: native.Connection = Postgres(settings, lambda: ["unused"], POLICY.database).connect()
        self._connection.run("SET session_replication_role = replica")
        self._connection.run(f"DELETE FROM model_slots WHERE number > {SLOTS}")
        self._connection.run("CREATE SCHEMA kept")
        rows = self._connection.run(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
            "AND relname <> 'schema_migrations' ORDER BY relname"
        )
        self._tables = [name for (name,) in rows]
        self._query = "SELECT json_build_object({})".format(", ".join(map(_as_json, self._tables)))
        self._kept: dict[str, Tables] = {}
        self._seen: Tables | None = None

    def close(self) -> None:
        self._connection.close()

    def read(self) -> Tables:
        """Every table's rows, without unused slots and days without spending."""
        ((tables,),) = self._connection.run(self._query)
        tables["model_slots"] = [slot for slot in tables["model_slots"] if slot["held_until"] != "-infinity"]
        tables["daily_spend"] = [day for day in tables["daily_spend"] if day["usd"]]
        # The order of rows has no meaning, except for events.
        seen: Tables = {
            name: rows if name == "job_events" else sorted(rows, key=json.dumps) for name, rows in tables.items()
        }
        self._seen = seen
        return seen

    def keep(self, name: str) -> None:
        """Save the current content under a name."""
        self._kept[name] = self.read()
        for table in self._tables:
            self._connection.run(f'CREATE TABLE kept."{name} {table}" AS TABLE {table}')

    def put_back(self, name: str) -> None:
        """Restore the content that was saved under the name. Assumes that nothing changed since the last ``read``."""
        seen, kept = self._seen, self._kept[name]
        changed = [table for table in self._tables if seen is None or seen[table] != kept[table]]
        back = 'DELETE FROM {0}; INSERT INTO {0} OVERRIDING SYSTEM VALUE TABLE kept."{1} {0}"'
        if changed:
            self._connection.run(";".join(back.format(table, name) for table in changed))
        self._seen = None

    def waits_for(self, waiting: int, holding: int) -> bool:
        """Whether one backend waits for a lock that another holds."""
        ((blocked,),) = self._connection.run(f"SELECT {holding} = ANY (pg_blocking_pids({waiting}))")
        return bool(blocked)


def _as_json(table: str) -> str:
    ignored = "".join(f" - '{column}'" for column in IGNORED.get(table, ()))
    order = "ORDER BY t.id" if table == "job_events" else ""
    return f"'{table}', (SELECT coalesce(json_agg(to_jsonb(t){ignored} {order}), '[]') FROM {table} t)"
