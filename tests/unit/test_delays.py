"""The delays of a job: they double, have jitter, are rounded up, and never exceed what SQS accepts."""

import pytest
from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.domain.job import ClaimedJob
from pipeline.jobs.errors import AttemptFailed, Deferred
from pipeline.jobs.services.delays import Delays

from tests.support.fakes import FakeClock
from tests.support.jobs import new_job
from tests.support.policy import POLICY


def claimed(attempt: int = 1, deferrals: int = 0, failed_calls: int = 0) -> ClaimedJob:
    return ClaimedJob(new_job().id, "a", attempt, deferrals, "mood", {}, FakeClock()(), {}, failed_calls)


@pytest.fixture(params=[0.0, 0.5, 1.0])
def delays(request: pytest.FixtureRequest) -> Delays:
    return Delays(POLICY, lambda: request.param)


@pytest.mark.parametrize("times", [0, 1, 9, 10, 11, 10_000])
def test_no_delay_is_longer_than_sqs_accepts(delays: Delays, times: int) -> None:
    throttled = delays.after(claimed(failed_calls=times), Deferred("throttled"))
    failed = delays.after(claimed(attempt=times + 1), AttemptFailed("broken", FailureCode.MODEL_FAILED))
    waiting = delays.after(claimed(), Deferred("daily_limit", after_s=float(times)))
    assert all(1 <= delay <= 900 for delay in (throttled, failed, delays.after_outage()))
    assert min(times, 900) <= waiting <= 900
    assert delays.until(times) == min(times + 1, 900)


def test_a_delay_doubles_with_each_failed_call_or_spent_attempt() -> None:
    delays = Delays(POLICY, lambda: 1.0)
    broken = AttemptFailed("broken", FailureCode.MODEL_FAILED)
    assert [delays.after(claimed(failed_calls=n), Deferred("throttled")) for n in (0, 1, 2, 8, 9)] == [
        2, 4, 8, 512, 900,
    ]  # fmt: skip
    assert [delays.after(claimed(attempt=n, deferrals=1), broken) for n in (2, 3, 4)] == [2, 4, 8]


def test_a_delay_is_rounded_up() -> None:
    """A message that arrives a moment too early finds its job not due, and takes another delay."""
    delays = Delays(POLICY, lambda: 0.0)
    assert delays.after(claimed(), Deferred("no_slot", after_s=2.1)) == 3
    assert delays.until(2.1) == 4


def test_a_job_that_is_due_already_returns_in_a_second() -> None:
    assert Delays(POLICY).until(-5.0) == 1


def test_the_jitter_is_random_and_at_most_half_of_the_delay() -> None:
    delays = Delays(POLICY)
    seen = {delays.after_outage() for _ in range(200)}
    assert len(seen) > 5
    assert min(seen) >= POLICY.lease.lease_s
    assert max(seen) <= 2 * POLICY.lease.lease_s
