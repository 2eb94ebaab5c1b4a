"""Lambda: migrates the database. The deploy invokes it before it releases any other function."""

from typing import Any

from pipeline.platform import bootstrap
from pipeline.platform.observability import log


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Apply missing migrations and enable the roles' logins; return the names of both. An error fails the deploy."""
    applied, enabled = bootstrap.migrate_database().run()
    log.info("migrated", migrations=applied, roles=enabled)
    return {"applied": applied, "enabled": enabled}
