"""Whether each fault had its effect: a run in which one did not is no proof of anything."""

from chaos_harness.history import Event, History


def bites(history: History) -> dict[str, int]:
    """How often each fault that was asked for is seen to have bitten."""
    return {name: _SEEN[name](history) if name in _SEEN else history.evidence.get(name, 0) for name in history.faults}


def unbitten(history: History) -> list[str]:
    """The faults without any effect."""
    return [f"{name} had no effect" for name, count in bites(history).items() if not count]


def _killed(history: History) -> int:
    """Its job went on in another attempt, or came to an end without it."""
    return _gone_on(history, "kill-worker")


def _frozen(history: History) -> int:
    """Another attempt was begun while it slept, or its late result was refused."""
    return _gone_on(history, "freeze-worker")


def _gone_on(history: History, fault: str) -> int:
    events = history.events_of()
    refused = {(line.job_id, line.attempt) for line in history.late_refused}
    return sum(
        1
        for strike in history.strikes
        if strike.fault == fault
        and (
            (strike.job_id, strike.attempt) in refused
            or any(_taken_over(event, strike.attempt) for event in events.get(strike.job_id, []))
        )
    )


def _taken_over(event: Event, attempt: int) -> bool:
    return event.attempt == attempt + 1 and event.from_status == "running"


def _duplicated(history: History) -> int:
    """A worker found that a message had nothing to do."""
    return len(set(history.duplicated) & set(history.nothing_to_do))


def _delayed(history: History) -> int:
    """Jobs that one accepted later overtook."""
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


_SEEN = {
    "kill-worker": _killed,
    "freeze-worker": _frozen,
    "sqs-duplicate": _duplicated,
    "sqs-delay": _delayed,
}
