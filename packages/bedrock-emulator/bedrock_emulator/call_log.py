"""Counters of the calls, and the metadata of the last ones. Never their content."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field

from bedrock_emulator.documents import Document

_KEPT = 200  # calls; enough to see one test's story, little enough to read


@dataclass
class Call:
    """One call; filled in while it is served. `rules` are the indexes of the plan's rules that took effect."""

    number: int
    operation: str
    model: str = ""
    status: int = 0
    error: str | None = None
    stop_reason: str | None = None
    rules: list[int] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    latency_ms: int = 0


class CallLog:
    def __init__(self) -> None:
        self._total = 0
        self._in_flight = 0
        self._most_in_flight = 0
        self._operations: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._last: deque[Call] = deque(maxlen=_KEPT)

    def begin(self, operation: str) -> Call:
        self._total += 1
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        self._operations[operation] += 1
        call = Call(self._total, operation)
        self._last.append(call)
        return call

    def end(self, call: Call) -> None:
        self._in_flight -= 1
        self._outcomes[call.error or "ok"] += 1

    def clear(self) -> None:
        """Forgets what is over; calls in flight stay counted as such."""
        self._total, self._most_in_flight = 0, self._in_flight
        self._operations.clear()
        self._outcomes.clear()
        self._last.clear()

    def report(self) -> Document:
        return {
            "total": self._total,
            "in_flight": self._in_flight,
            "most_in_flight": self._most_in_flight,
            "operations": dict(self._operations),
            "outcomes": dict(self._outcomes),
            "last": [asdict(call) for call in self._last],
        }
