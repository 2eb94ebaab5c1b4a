"""Lambda: find jobs that lost their message. Invoked by a schedule."""

from typing import Any

from pipeline.jobs import bootstrap


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Send stranded jobs again; the answer says how many."""
    return {"resent": bootstrap.sweep_jobs().run()}
