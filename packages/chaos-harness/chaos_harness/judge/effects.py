"""The effects of the injected faults. A run in which a fault had none proves nothing about it."""

from chaos_harness.history import Event, History


def effects(history: History) -> dict[str, int]:
    """The number of effects of each requested fault."""
    return {
        name: _COUNTERS[name](history) if name in _COUNTERS else history.evidence.get(name, 0)
        for name in history.faults
    }


def without_effect(history: History) -> list[str]:
    """The requested faults that had no effect."""
    return [f"{name} had no effect" for name, count in effects(history).items() if not count]


def _killed(history: History) -> int:
    """Killed workers whose job was taken over by another attempt."""
    return _taken_over_from(history, "kill-worker")


def _frozen(history: History) -> int:
    """Frozen workers whose job was taken over, or whose late result was refused."""
    return _taken_over_from(history, "freeze-worker")


def _taken_over_from(history: History, fault: str) -> int:
    events = history.events_by_job()
    refused = {(line.job_id, line.attempt) for line in history.late_refused}
    return sum(
        1
        for injected in history.worker_faults
        if injected.fault == fault
        and (
            (injected.job_id, injected.attempt) in refused
            or any(_takes_over(event, injected.attempt) for event in events.get(injected.job_id, []))
        )
    )


def _takes_over(event: Event, attempt: int) -> bool:
    return event.attempt == attempt + 1 and event.from_status == "running"


def _duplicated(history: History) -> int:
    """Duplicated messages for which a worker found no work."""
    return len(set(history.duplicated) & set(history.nothing_to_do))


def _delayed(history: History) -> int:
    """Delayed jobs that were overtaken by one accepted later."""
    accepted = {event.job_id: event.at for event in history.events if event.event == "accepted"}
    claimed: dict[str, float] = {}
    for event in history.events:
        if event.event == "claimed":
            claimed.setdefault(event.job_id, event.at)
    return sum(
        1
        for late in set(history.delayed)
        if late in claimed and any(accepted[late] < accepted[job] and at < claimed[late] for job, at in claimed.items())
    )


_COUNTERS = {
    "kill-worker": _killed,
    "freeze-worker": _frozen,
    "sqs-duplicate": _duplicated,
    "sqs-delay": _delayed,
}
