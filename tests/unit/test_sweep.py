"""The ``SweepJobs`` use case on fakes: which jobs get another message, and when."""

import pytest
from pipeline.jobs.domain.job import JobMessage
from pipeline.jobs.services.sweep_jobs import SweepJobs
from pipeline.platform.errors import Unavailable

from tests.support.fakes import FakeClock, FakeQueue, InMemoryJobStore
from tests.support.jobs import new_job
from tests.support.policy import POLICY


class Harness:
    """A recorded job, and a ``SweepJobs`` with fake dependencies."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = InMemoryJobStore(self.clock)
        self.queue = FakeQueue()
        self.sweep = SweepJobs(self.store, self.queue, POLICY.sweep)
        job = new_job(tenant="t")
        self.store.submit(job)
        self.id = job.id

    def resent_after(self, seconds: float) -> bool:
        """Whether a sweep after this time enqueues the job."""
        self.clock.forward(seconds)
        before = len(self.queue.sent)
        assert self.sweep.run() == len(self.queue.sent) - before
        return self.queue.sent[before:] == [(self.id, 0)]


def test_a_job_without_a_message_is_enqueued_once() -> None:
    harness = Harness()
    assert not harness.resent_after(POLICY.sweep.overdue_s)
    assert harness.resent_after(1)
    assert harness.queue.groups == [JobMessage.of(harness.id, "t").group]
    assert not harness.resent_after(1)


def test_a_message_that_is_hidden_for_too_long_is_replaced() -> None:
    harness = Harness()
    harness.store.mark_enqueued(harness.id)
    assert harness.resent_after(POLICY.sweep.overdue_s + 1)


def test_a_job_in_a_backlog_is_enqueued_only_after_the_longer_wait() -> None:
    harness = Harness()
    harness.store.mark_enqueued(harness.id)
    harness.queue.backlog = True
    assert not harness.resent_after(POLICY.sweep.backlog_s)
    assert harness.resent_after(1)


def test_a_job_whose_worker_and_message_are_lost_is_enqueued() -> None:
    harness = Harness()
    harness.store.mark_enqueued(harness.id)
    harness.store.claim(harness.id, POLICY.lease.lease_s)
    assert not harness.resent_after(POLICY.lease.lease_s + POLICY.sweep.overdue_s)
    assert harness.resent_after(1)


def test_a_job_that_is_not_due_is_not_enqueued() -> None:
    harness = Harness()
    harness.store.mark_enqueued(harness.id)
    harness.store.claim(harness.id, POLICY.lease.lease_s)
    harness.store.release(harness.id, 1, "throttled", deferred=True, delay_seconds=900)
    harness.store.mark_enqueued(harness.id)
    assert not harness.resent_after(900 + POLICY.sweep.overdue_s)
    assert harness.resent_after(1)


def test_a_running_or_finished_job_is_not_enqueued() -> None:
    harness = Harness()
    harness.store.mark_enqueued(harness.id)
    harness.store.claim(harness.id, POLICY.lease.lease_s)
    for _ in range(20):
        assert not harness.resent_after(POLICY.lease.lease_s - 1)
        assert harness.store.extend_lease(harness.id, 1, POLICY.lease.lease_s)
    harness.store.cancel(harness.id, "t")
    assert not harness.resent_after(10 * POLICY.sweep.backlog_s)


def test_a_job_that_could_not_be_enqueued_is_found_again() -> None:
    harness = Harness()
    harness.queue.down = True
    with pytest.raises(Unavailable):
        harness.resent_after(POLICY.sweep.overdue_s + 1)
    harness.queue.down = False
    assert harness.resent_after(60)
