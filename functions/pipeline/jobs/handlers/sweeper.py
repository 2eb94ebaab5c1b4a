"""Lambda: re-enqueues jobs whose message was lost. A schedule invokes it."""

from typing import Any

from pipeline.jobs import bootstrap


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Re-enqueue stranded jobs, and return their number."""
    return {"resent": bootstrap.sweep_jobs().run()}
