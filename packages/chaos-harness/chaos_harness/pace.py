"""How much faster than in production time passes: every time constant of the product, divided.

A lease of 30 s, a sweep a minute and a delay of up to a quarter of an hour are right for production, and would make two
thousand jobs with all their faults take hours. The numbers keep their proportions; what cannot keep them says why.
"""

import importlib
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

FACTOR = 10
"""SQS and Lambda count in whole seconds: at 10 the lease of 30 s is 3 s, of which a third is still a useful heartbeat
on two busy cores."""

WAITS_FACTOR = 2.5
"""Of a statement's and a socket's waits: a server on a core that runs everything else too needs its 1.4 s."""

CONSTANTS: dict[str, tuple[str, ...]] = {
    "pipeline.platform.aws": ("MODEL_READ_TIMEOUT_S", "MODEL_CONNECT_TIMEOUT_S"),
    "pipeline.models.postgres_call_ledger": ("SHORTEST_PAUSE_S", "LONGEST_PAUSE_S", "PROBE_S", "NO_SLOT_S"),
    "pipeline.models.stage_config_source": ("CACHE_SECONDS",),
    "pipeline.jobs.handlers.worker": ("RETRY_S",),
    "pipeline.jobs.services.answer": ("SLOT_MARGIN_S",),
    "pipeline.jobs.services.run_job": ("LEASE_S", "FINISH_MARGIN_S", "WRITE_RETRY_DELAYS_S", "MAX_JITTER_S"),
    "pipeline.jobs.services.sweep_jobs": ("OVERDUE_S", "BACKLOG_S"),
}
"""By module, in an order in which each is set before another module takes it over."""

SWEEP_EVERY_S = 60
"""The schedule's rate: the harness calls the sweeper itself, since EventBridge counts in minutes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A divisor for the product's seconds."""

    factor: float = FACTOR

    def of(self, seconds: float) -> float:
        """Seconds of the run for seconds of the product; whole ones stay whole, and at least 1."""
        if isinstance(seconds, int):
            return max(1, round(seconds / self.factor))
        return seconds / self.factor

    def back(self, seconds: float) -> float:
        """Seconds of the product for seconds of the run."""
        return seconds * self.factor

    def constant(self, module: str, name: str) -> float:
        """A constant of the product, at this pace, in the harness's own process, where it is not changed."""
        value: float = getattr(importlib.import_module(module), name)
        return self.of(value)

    @property
    def lease(self) -> float:
        """Seconds of a lease."""
        return self.constant("pipeline.jobs.services.run_job", "LEASE_S")

    @property
    def sweep_every(self) -> float:
        """Seconds between two sweeps."""
        return self.of(SWEEP_EVERY_S)


def apply(pace: Pace) -> None:
    """Set the product's constants in this process. Before anything of the product is used."""
    for module, names in CONSTANTS.items():
        found = importlib.import_module(module)
        for name in names:
            _replace(found, name, _divided(getattr(found, name), pace))
        if module == "pipeline.platform.aws":
            _rebuild_model_call(found)
    _shorten_delays(pace)
    _shorten_waits()


def _divided(value: Any, pace: Pace) -> Any:
    """A sequence is one of pauses, which need not be whole."""
    return tuple(each / pace.factor for each in value) if isinstance(value, tuple) else pace.of(value)


def _replace(module: ModuleType, name: str, value: Any) -> None:
    """In the module, and wherever the name has been imported to."""
    for other in [other for key, other in sys.modules.items() if key.startswith("pipeline")]:
        if hasattr(other, name):
            setattr(other, name, value)
    setattr(module, name, value)


def _rebuild_model_call(aws: Any) -> None:
    from botocore.config import Config

    waits = Config(read_timeout=aws.MODEL_READ_TIMEOUT_S, connect_timeout=aws.MODEL_CONNECT_TIMEOUT_S)
    aws.MODEL_CALL = aws.MODEL_CALL.merge(waits)


def _shorten_delays(pace: Pace) -> None:
    """They double from a first one that is no constant. Those that an obstacle names are made of constants."""
    from pipeline.jobs.services.run_job import RunJob

    in_full = RunJob._delay

    def shortened(self: RunJob, job: Any, again: Any) -> int:
        delay = in_full(self, job, again)
        return delay if again.after is not None else round(delay / pace.factor)

    setattr(RunJob, "_delay", shortened)  # noqa: B010 - mypy refuses to assign to a method


def _shorten_waits() -> None:
    """In the object itself, since it is a default argument elsewhere."""
    from pipeline.platform.postgres import REQUESTS

    for name in ("socket", "statement", "lock"):
        object.__setattr__(REQUESTS, name, getattr(REQUESTS, name) / WAITS_FACTOR)
