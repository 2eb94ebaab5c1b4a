"""Invariants of the answers that clients got."""

from chaos_harness.history import FINAL, History


def monotonic(history: History) -> list[str]:
    """A visible job stays visible, and a final one stays final. A released job may return to ``queued``."""
    wrong = []
    for view in history.views:
        ends = [at for at, state in enumerate(view.states) if state in FINAL]
        if "not found" in view.states or (ends and ends[0] != len(view.states) - 1):
            wrong.append(f"job {view.job_id}: {' '.join(view.states)}")
    return wrong


def cancelled_stays(history: History) -> list[str]:
    """A job whose cancellation was confirmed is cancelled, and no cancellation is answered with 404."""
    status = {job.id: job.status for job in history.jobs}
    return [
        f"job {made.job_id}: cancel returned {made.status}, but the job is {status.get(made.job_id)}"
        for made in history.cancellations
        if (made.status == 200 and status.get(made.job_id) != "cancelled") or made.status == 404
    ]
