"""Lambda: bring the database's schema up to date. Invoked on deploy, before anything else of the release runs."""

from typing import Any

from pipeline.platform import bootstrap
from pipeline.platform.observability import log


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Apply the missing migrations, let the roles in, and say which they were. An error fails the deploy."""
    applied, admitted = bootstrap.migrate()
    log.info("migrated", migrations=applied, roles=admitted)
    return {"applied": applied, "admitted": admitted}
