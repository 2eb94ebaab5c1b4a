"""The pace of a run: the factor by which time passes faster than in production.

With the production values, such as a lease of 30 s and delays of up to 15 minutes, 2,000 jobs with all faults would
take hours. The product divides its policy by the same factor: see ``product.Product.set_pace``.
"""

from dataclasses import dataclass

FACTOR = 10
"""SQS and Lambda count in whole seconds: at 10 a lease of 30 s becomes 3 s, and a heartbeat each second still works
on two busy cores."""

SWEEP_EVERY_S = 60
"""Rate of the product's schedule. The harness calls the sweeper itself: EventBridge's shortest rate is a minute."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Converts seconds between the product and the run."""

    factor: float = FACTOR

    def of(self, seconds: float) -> float:
        """Seconds of the run for seconds of the product. Integers stay integers of at least 1."""
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
