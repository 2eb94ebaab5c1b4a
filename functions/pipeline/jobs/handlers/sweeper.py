"""Lambda: re-enqueues jobs that lost their message, reports the day's spending, erases content."""

from typing import Any

from pipeline.jobs import bootstrap


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Re-enqueue stranded jobs, report the day's spending, then erase what is due. Returns the numbers of jobs."""
    resent = bootstrap.sweep_jobs().run()
    bootstrap.report_spending().run()
    return {"resent": resent, "erased": bootstrap.enforce_retention().run()}  # last: S3 may be down
