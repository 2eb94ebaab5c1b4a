"""Lambda: re-enqueues jobs whose message was lost, and erases content. A schedule invokes it."""

from typing import Any

from pipeline.jobs import bootstrap


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Re-enqueue stranded jobs, then erase what is due. Returns the numbers of both."""
    resent = bootstrap.sweep_jobs().run()  # first: while S3 is down, lost jobs are found all the same
    return {"resent": resent, "erased": bootstrap.enforce_retention().run()}
