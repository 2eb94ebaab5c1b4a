"""Lambda: re-enqueues jobs whose message was lost, and reports the day's spending. A schedule invokes it."""

from typing import Any

from pipeline.jobs import bootstrap


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Re-enqueue stranded jobs, report the day's spending, and return the number of jobs."""
    resent = bootstrap.sweep_jobs().run()
    bootstrap.report_spending().run()
    return {"resent": resent}
