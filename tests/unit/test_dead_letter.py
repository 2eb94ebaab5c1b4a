"""Dead letters: the part of a message that is recorded, and the messages that are delivered again."""

import hashlib
import json
from typing import Any
from uuid import uuid4

import pytest
from pipeline.jobs import bootstrap
from pipeline.jobs.domain.dead_letter import DeadLetter, DeadLetterOutcome
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import JobStatus
from pipeline.jobs.handlers import dead_letter
from pipeline.jobs.handlers.sqs_records import dead_letter_from
from pipeline.jobs.services.record_dead_letter import RecordDeadLetter
from pipeline.jobs.services.sweep_jobs import SweepJobs
from pipeline.platform.errors import Unavailable

from tests.support.events import dead_letter_event, sqs_event
from tests.support.fakes import FakeClock, FakeQueue, InMemoryJobStore
from tests.support.jobs import new_job
from tests.support.operator_fakes import InMemoryDeadLetterStore
from tests.support.policy import POLICY


def message(job_id: object) -> str:
    return json.dumps({"job_id": str(job_id)})


@pytest.mark.parametrize("body", ["", "not json", "{}", '{"job_id": 7}', '{"job_id": "x"}', "[" * 100_000, "💶"])
def test_only_size_and_digest_of_an_unrecognized_message_are_recorded(body: str) -> None:
    (record,) = dead_letter_event(body)["Records"]
    digest = hashlib.sha256(body.encode()).digest()
    assert dead_letter_from(record) == DeadLetter(record["messageId"], None, len(body.encode()), digest)


def test_the_job_fails_and_the_reason_gives_the_number_of_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    store = InMemoryJobStore(clock)
    job = new_job()
    store.submit(job)
    dead_letters = InMemoryDeadLetterStore(store, clock)
    monkeypatch.setattr(bootstrap, "record_dead_letter", lambda: RecordDeadLetter(dead_letters, 5))
    assert dead_letter.handler(dead_letter_event(message(job.id), "junk"), None) == {"batchItemFailures": []}
    view = store.get(job.id, "a")
    assert view is not None
    assert view.failure is not None
    assert (view.status, view.failure.code) == (JobStatus.FAILED, FailureCode.ATTEMPTS_EXHAUSTED)
    assert "delivered 5 times" in view.failure.message
    assert dead_letters.count_by_outcome(None) == {"job_failed": 1, "unrecognized": 1}


def test_a_message_that_was_sent_to_the_queue_directly_fails_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    store = InMemoryJobStore(FakeClock())
    job = new_job()
    store.submit(job)
    dead_letters = InMemoryDeadLetterStore(store, FakeClock())
    monkeypatch.setattr(bootstrap, "record_dead_letter", lambda: RecordDeadLetter(dead_letters, 5))
    assert dead_letter.handler(sqs_event(message(job.id)), None) == {"batchItemFailures": []}
    view = store.get(job.id, "a")
    assert view is not None
    assert view.status is JobStatus.QUEUED
    assert dead_letters.count_by_outcome(None) == {"unrecognized": 1}


def test_only_a_dead_letter_that_could_not_be_recorded_is_delivered_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad = uuid4()

    class Flaky(InMemoryDeadLetterStore):
        def record(self, dead_letter: DeadLetter, deliveries: int, failure: Failure) -> DeadLetterOutcome:
            if dead_letter.job_id == bad:
                raise Unavailable("database")
            return super().record(dead_letter, deliveries, failure)

    dead_letters: Any = Flaky(InMemoryJobStore(FakeClock()), FakeClock())
    monkeypatch.setattr(bootstrap, "record_dead_letter", lambda: RecordDeadLetter(dead_letters, 5))
    answer = dead_letter.handler(dead_letter_event(message(uuid4()), message(bad), message(uuid4())), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}


def test_the_sweeper_re_enqueues_the_job_of_a_worker_that_dies_after_its_dead_letter_was_recorded() -> None:
    clock, queue = FakeClock(), FakeQueue()
    store = InMemoryJobStore(clock)
    job = new_job()
    store.submit(job)
    store.mark_enqueued(job.id)
    store.claim(job.id, POLICY.lease.lease_s)
    RecordDeadLetter(InMemoryDeadLetterStore(store, clock), 5).run(DeadLetter("m", job.id, 0, b"d" * 32))
    clock.forward(POLICY.lease.lease_s + POLICY.sweep.overdue_s + 1)
    assert SweepJobs(store, queue, POLICY.sweep).run() == 1
    assert queue.sent == [(job.id, 0)]
