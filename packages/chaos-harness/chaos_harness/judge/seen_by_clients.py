"""What callers were told, put side by side."""

from chaos_harness.history import FINAL, History


def monotonic(history: History) -> list[str]:
    """A job that was seen does not vanish; one that was seen final stays so. (Given back, it may be queued again.)"""
    wrong = []
    for view in history.views:
        ends = [at for at, state in enumerate(view.states) if state in FINAL]
        if "not found" in view.states or (ends and ends[0] != len(view.states) - 1):
            wrong.append(f"job {view.job_id}: {' '.join(view.states)}")
    return wrong


def cancelled_stays(history: History) -> list[str]:
    """A caller who was told that the job is cancelled was told the truth; any other answer names a known reason."""
    status = {job.id: job.status for job in history.jobs}
    return [
        f"job {made.job_id}: answered {made.status}, is {status.get(made.job_id)}"
        for made in history.cancellations
        if (made.status == 200 and status.get(made.job_id) != "cancelled") or made.status == 404
    ]
