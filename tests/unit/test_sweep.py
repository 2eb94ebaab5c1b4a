"""The sweeper: who gets another message, and how soon."""

import pytest
from pipeline.jobs.domain.job import JobMessage
from pipeline.jobs.services.sweep_jobs import SweepJobs
from pipeline.platform.errors import Unavailable

from tests.support.fakes import FakeClock, FakeQueue, InMemoryJobStore
from tests.support.jobs import new_job
from tests.support.policy import POLICY


class Bench:
    """A job, recorded; the clock stands."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = InMemoryJobStore(self.clock)
        self.queue = FakeQueue()
        self.sweep = SweepJobs(self.store, self.queue, POLICY.sweep)
        job = new_job(tenant="t")
        self.store.record(job)
        self.id = job.id

    def resent_after(self, seconds: float) -> bool:
        self.clock.forward(seconds)
        before = len(self.queue.sent)
        assert self.sweep.run() == len(self.queue.sent) - before
        return self.queue.sent[before:] == [(self.id, 0)]


def test_a_job_whose_message_was_never_sent_gets_one_and_only_one() -> None:
    bench = Bench()
    assert not bench.resent_after(POLICY.sweep.overdue_s)
    assert bench.resent_after(1)
    assert bench.queue.groups == [JobMessage.of(bench.id, "t").group]
    assert not bench.resent_after(1)


def test_a_message_that_is_hidden_for_too_long_is_replaced_at_once() -> None:
    bench = Bench()
    bench.store.mark_enqueued(bench.id)
    assert bench.resent_after(POLICY.sweep.overdue_s + 1)


def test_a_job_that_waits_behind_others_is_left_to_wait() -> None:
    bench = Bench()
    bench.store.mark_enqueued(bench.id)
    bench.queue.backlog = True
    assert not bench.resent_after(POLICY.sweep.backlog_s)
    assert bench.resent_after(1)


def test_a_job_whose_worker_died_with_its_message_runs_again() -> None:
    bench = Bench()
    bench.store.mark_enqueued(bench.id)
    bench.store.claim(bench.id, POLICY.lease.lease_s)
    assert not bench.resent_after(POLICY.lease.lease_s + POLICY.sweep.overdue_s)
    assert bench.resent_after(1)


def test_a_job_that_waits_for_its_time_is_left_alone() -> None:
    bench = Bench()
    bench.store.mark_enqueued(bench.id)
    bench.store.claim(bench.id, POLICY.lease.lease_s)
    bench.store.release(bench.id, 1, "throttled", deferred=True, delay_seconds=900)
    bench.store.mark_enqueued(bench.id)
    assert not bench.resent_after(900 + POLICY.sweep.overdue_s)
    assert bench.resent_after(1)


def test_a_job_that_is_worked_on_or_done_is_left_alone() -> None:
    bench = Bench()
    bench.store.mark_enqueued(bench.id)
    bench.store.claim(bench.id, POLICY.lease.lease_s)
    for _ in range(20):
        assert not bench.resent_after(POLICY.lease.lease_s - 1)
        assert bench.store.extend_lease(bench.id, 1, POLICY.lease.lease_s)
    bench.store.cancel(bench.id, "t")
    assert not bench.resent_after(10 * POLICY.sweep.backlog_s)


def test_what_cannot_be_sent_is_found_again() -> None:
    bench = Bench()
    bench.queue.down = True
    with pytest.raises(Unavailable):
        bench.resent_after(POLICY.sweep.overdue_s + 1)
    bench.queue.down = False
    assert bench.resent_after(60)
