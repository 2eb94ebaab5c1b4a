"""The pace of a run: how many times faster than in production time passes.

A lease of 30 s, a sweep a minute and a delay of up to a quarter of an hour are right for production, and would make two
thousand jobs with all their faults take hours. The product divides its own time constants: see ``product.set_pace``.
"""

from dataclasses import dataclass

FACTOR = 10
"""SQS and Lambda count in whole seconds: at 10 the lease of 30 s is 3 s, of which a third is still a useful heartbeat
on two busy cores."""

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

    @property
    def sweep_every(self) -> float:
        """Seconds between two sweeps."""
        return self.of(SWEEP_EVERY_S)
