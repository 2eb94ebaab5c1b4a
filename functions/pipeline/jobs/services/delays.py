"""The delays after which a job's next message appears."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom

from pipeline.jobs.domain.job import ClaimedJob
from pipeline.jobs.errors import AttemptFailed, Deferred
from pipeline.platform.policy import Policy

MAX_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Delays:
    """Delays in whole seconds, with jitter, so that jobs that wait together do not return together.

    None is longer than SQS can delay a message, ``AttemptPolicy.longest_delay_s``.
    """

    policy: Policy
    random: Callable[[], float] = SystemRandom().random
    """A number from 0 to 1."""

    def after(self, job: ClaimedJob, cause: Deferred | AttemptFailed) -> int:
        """The delay of a job that is given back: the cause's own, or one that doubles each time."""
        attempts = self.policy.attempts
        if isinstance(cause, Deferred) and cause.after_s is not None:
            jitter_s = self.random() * min(attempts.longest_jitter_s, cause.after_s)
            return min(attempts.longest_delay_s, math.ceil(cause.after_s + jitter_s))
        times = job.failed_calls if isinstance(cause, Deferred) else job.attempts_spent - 1
        doubled = attempts.first_delay_s * 2 ** min(times, MAX_DOUBLINGS)
        return self._spread(min(attempts.longest_delay_s, doubled))

    def after_outage(self) -> int:
        """The delay of a message whose job could not be run because a dependency is down."""
        return self._spread(2 * self.policy.lease.lease_s)

    def until(self, seconds_left: float) -> int:
        """The delay of a message whose job is not available yet: just after it will be."""
        return min(self.policy.attempts.longest_delay_s, math.ceil(max(seconds_left, 0)) + 1)

    def _spread(self, longest_s: float) -> int:
        """A time from the upper half of the range."""
        return round(longest_s * (0.5 + self.random() / 2))
