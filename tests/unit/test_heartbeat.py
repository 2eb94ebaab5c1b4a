"""The heartbeat of a worker: when it beats, what a beat renews, and when the lease counts as lost."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from pipeline.jobs.domain.job import ClaimedJob
from pipeline.jobs.services import heartbeat
from pipeline.jobs.services.heartbeat import Heartbeat
from pipeline.platform.errors import Unavailable
from pipeline.platform.policy import LeasePolicy

from tests.support.fakes import FakeClock, FakeDelivery, InMemoryJobStore
from tests.support.jobs import new_job
from tests.support.log_lines import LogLines

POLICY = LeasePolicy()


@dataclass
class Pauses:
    """The event that ends a heartbeat, in simulated time: each pause is recorded, and passes at once."""

    clock: FakeClock
    most: int
    """Pauses after which the heartbeat ends."""
    waits: list[float] = field(default_factory=list)
    ended: bool = False

    def wait(self, seconds: float) -> bool:
        self.clock.forward(seconds)
        self.waits.append(seconds)
        return self.ended or len(self.waits) > self.most

    def set(self) -> None:
        self.ended = True

    def is_set(self) -> bool:
        return self.ended


class Harness:
    """A claimed job with a heartbeat."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, beats: int) -> None:
        self.clock = FakeClock()
        self.store = InMemoryJobStore(self.clock)
        self.delivery = FakeDelivery()
        self.pauses = Pauses(self.clock, beats)
        simulated = SimpleNamespace(Event=lambda: self.pauses, Thread=threading.Thread)
        monkeypatch.setattr(heartbeat, "threading", simulated)
        job = new_job()
        self.store.submit(job)
        claimed = self.store.claim(job.id, POLICY.lease_s)
        assert isinstance(claimed, ClaimedJob)
        self.job = claimed

    def run(self) -> Heartbeat:
        """Let the heartbeat beat until its end."""
        beating = Heartbeat(self.store, self.delivery, self.job, POLICY)
        with beating as entered:
            assert entered is beating
            beating._thread.join(10)
        assert not beating._thread.is_alive()
        return beating


def broken_once(extend: Callable[..., bool]) -> Callable[..., bool]:
    """A renewal that fails the first time."""
    answers = iter([Unavailable("database")])

    def renew(*given: Any) -> bool:
        if error := next(answers, None):
            raise error
        return extend(*given)

    return renew


def test_a_lease_is_renewed_three_times_in_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(monkeypatch, beats=9)
    assert not harness.run().lost
    assert set(harness.pauses.waits) == {POLICY.lease_s / 3}
    until = harness.store.rows[harness.job.id].lease_until
    assert until is not None
    assert (until - harness.clock()).total_seconds() == POLICY.lease_s - POLICY.lease_s / 3  # renewed at the ninth beat


def test_a_beat_hides_the_message_for_one_more_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(monkeypatch, beats=2)
    harness.run()
    assert harness.delivery.hidden == [POLICY.lease_s] * 2


def test_a_cancelled_job_is_lost_and_its_message_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, logged: LogLines
) -> None:
    harness = Harness(monkeypatch, beats=3)
    harness.store.cancel(harness.job.id, "a")
    assert harness.run().lost
    assert (len(harness.pauses.waits), harness.delivery.hidden) == (1, [])
    assert logged.only("lease lost") == ("WARNING", {"job_id": str(harness.job.id), "attempt": 1})


def test_a_missed_beat_is_logged_and_the_next_one_renews_the_lease(
    monkeypatch: pytest.MonkeyPatch, logged: LogLines
) -> None:
    harness = Harness(monkeypatch, beats=2)
    monkeypatch.setattr(harness.store, "extend_lease", broken_once(harness.store.extend_lease))
    assert not harness.run().lost
    assert harness.delivery.hidden == [POLICY.lease_s]
    missed = {"job_id": str(harness.job.id), "error_type": "Unavailable"}
    assert logged.only("heartbeat missed") == ("WARNING", missed)


def test_an_attempt_that_ends_during_a_beat_is_not_lost(monkeypatch: pytest.MonkeyPatch, logged: LogLines) -> None:
    harness = Harness(monkeypatch, beats=3)

    def end(*_: object) -> bool:
        harness.pauses.set()
        return False

    monkeypatch.setattr(harness.store, "extend_lease", end)
    assert not harness.run().lost
    assert logged.lines == []


def test_the_heartbeat_ends_with_the_attempt() -> None:
    store = InMemoryJobStore(FakeClock())
    job = ClaimedJob(new_job().id, "a", 1, 0, "mood", {}, FakeClock()(), {})
    with Heartbeat(store, FakeDelivery(), job, POLICY) as beating:
        assert beating._thread.daemon  # it does not keep a process alive that ends without leaving the block
    assert not beating._thread.is_alive()
    assert not beating.lost  # it did not wait for its next beat
