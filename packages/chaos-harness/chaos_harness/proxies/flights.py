"""The model calls that pass the proxy, with their worker and job."""

import json
import time
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True, eq=False)
class Flight:
    """One request to the model."""

    worker: int
    """Process id; 0 if unknown."""
    job_id: str
    attempt: int
    began_at: float
    ended_at: float | None = None
    """Unix time, s."""
    outcome: str = ""


class Flights:
    """All model calls of a run, in the order of their start."""

    def __init__(self) -> None:
        self.all: list[Flight] = []
        self.slow: set[str] = set()
        """Jobs whose answers are delayed: see ``Drivers``."""
        self._under_way: set[Flight] = set()

    def begin(self, worker: int, body: bytes) -> Flight:
        """Record a request that has arrived."""
        metadata: dict[str, Any] = json.loads(body).get("requestMetadata", {})
        flight = Flight(worker, metadata.get("job_id", ""), int(metadata.get("attempt", 0)), time.time())
        self.all.append(flight)
        self._under_way.add(flight)
        return flight

    def end(self, flight: Flight, outcome: str) -> None:
        """Record that a request was answered, or that its worker closed the connection."""
        flight.ended_at, flight.outcome = time.time(), outcome
        self._under_way.discard(flight)

    def under_way(self) -> list[Flight]:
        """The unanswered requests, in the order of their start."""
        return sorted(self._under_way, key=lambda flight: flight.began_at)

    def report(self) -> list[dict[str, Any]]:
        """The calls for the history."""
        return [asdict(flight) for flight in self.all]
