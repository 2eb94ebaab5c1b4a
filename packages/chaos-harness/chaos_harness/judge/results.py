"""Invariants of the results that succeeded jobs store."""

from chaos_harness.history import History


def of_the_latest_attempt(history: History) -> list[str]:
    """The key names the last attempt, and the object exists with the recorded size."""
    wrong = []
    objects = {stored.key: stored for stored in history.objects}
    for job in history.jobs:
        if job.status != "succeeded":
            continue
        stored = objects.get(job.result_key or "")
        if job.result_key != job.expected_result_key:
            wrong.append(f"job {job.id}: the result of attempt {job.attempt} is {job.result_key}")
        if stored is None:
            wrong.append(f"job {job.id}: no object {job.result_key}")
        elif stored.size != job.result_bytes:
            wrong.append(f"job {job.id}: the object has {stored.size} bytes, not {job.result_bytes}")
    return wrong


def never_overwritten(history: History) -> list[str]:
    """Every object has one version."""
    return [f"{stored.key}: written {stored.versions} times" for stored in history.objects if stored.versions > 1]
