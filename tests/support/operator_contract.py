"""The contracts of dead-letter stores and of failed jobs. Subclassed for the fakes and for PostgreSQL."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from pipeline.jobs.domain.admission import Admission
from pipeline.jobs.domain.dead_letter import DeadLetter, DeadLetterOutcome
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import ClaimedJob, JobStatus, JobView
from pipeline.jobs.domain.redrive import FailedJobFilter, RedriveOutcome, RedriveRequest
from pipeline.jobs.errors import DailyLimitReached, TooManyQueued
from pipeline.jobs.ports import DeadLetterStore, FailedJobs, JobStore

from tests.support.job_store_contract import RESULT
from tests.support.jobs import new_job

EXHAUSTED = Failure.of(FailureCode.ATTEMPTS_EXHAUSTED, "(why)")
REQUEST = RedriveRequest("an operator", "the model is back", "request-1", again=False)


def dead_letter(job_id: UUID | None, message_id: str = "m-1") -> DeadLetter:
    """A dead letter of a job; ``None`` for an unrecognized message."""
    return DeadLetter(message_id, job_id, 12, b"d" * 32)


class OperatorContract:
    """Tests of every pair of dead-letter store and failed jobs.

    A subclass provides the fixtures ``store``, ``dead_letters``, ``failed`` and ``pass_time``.
    """

    def queued(self, store: JobStore, **fields: Any) -> UUID:
        job = new_job(**fields)
        store.submit(job)
        store.mark_enqueued(job.id)
        return job.id

    def failed_job(self, store: JobStore, code: FailureCode = FailureCode.MODEL_FAILED, **fields: Any) -> UUID:
        job_id = self.queued(store, **fields)
        store.claim(job_id, 60)
        assert store.fail(job_id, 1, Failure.of(code))
        return job_id

    def view(self, store: JobStore, job_id: UUID, tenant: str = "a") -> JobView:
        view = store.get(job_id, tenant)
        assert view is not None
        return view

    def test_a_dead_letter_fails_its_job_with_the_reason(self, store: JobStore, dead_letters: DeadLetterStore) -> None:
        job_id = self.queued(store)
        assert dead_letters.record(dead_letter(job_id), 5, EXHAUSTED) is DeadLetterOutcome.JOB_FAILED
        view = self.view(store, job_id)
        assert (view.status, view.failure, view.attempts) == (JobStatus.FAILED, EXHAUSTED, 0)
        assert view.finished_at is not None
        (recorded,) = dead_letters.list_records(None, 10)
        assert (recorded.job_id, recorded.outcome, recorded.deliveries) == (job_id, DeadLetterOutcome.JOB_FAILED, 5)
        assert (recorded.body_bytes, recorded.body_sha256) == (12, b"d" * 32)
        assert dead_letters.count_by_outcome(None) == {"job_failed": 1}

    def test_a_dead_letter_fails_a_released_job(self, store: JobStore, dead_letters: DeadLetterStore) -> None:
        job_id = self.queued(store)
        store.claim(job_id, 60)
        store.release(job_id, 1, "throttled", deferred=True, delay_seconds=100)
        assert dead_letters.record(dead_letter(job_id), 5, EXHAUSTED) is DeadLetterOutcome.JOB_FAILED
        assert self.view(store, job_id).status is JobStatus.FAILED

    def test_a_dead_letter_does_not_fail_a_running_job_with_a_valid_lease(
        self, store: JobStore, dead_letters: DeadLetterStore, pass_time: Callable[[float], None]
    ) -> None:
        job_id = self.queued(store)
        store.claim(job_id, 60)
        assert dead_letters.record(dead_letter(job_id), 5, EXHAUSTED) is DeadLetterOutcome.JOB_UNAFFECTED
        assert self.view(store, job_id).status is JobStatus.RUNNING
        pass_time(61)  # the worker has died, and another message of the job becomes a dead letter
        assert dead_letters.record(dead_letter(job_id, "m-2"), 5, EXHAUSTED) is DeadLetterOutcome.JOB_FAILED
        assert not store.succeed(job_id, 1, RESULT)

    @pytest.mark.parametrize("end", ["succeeded", "cancelled"])
    def test_a_dead_letter_does_not_change_a_finished_job(
        self, store: JobStore, dead_letters: DeadLetterStore, end: str
    ) -> None:
        job_id = self.queued(store)
        store.claim(job_id, 60)
        assert store.succeed(job_id, 1, RESULT) if end == "succeeded" else store.cancel(job_id, "a").cancelled
        assert dead_letters.record(dead_letter(job_id), 5, EXHAUSTED) is DeadLetterOutcome.JOB_UNAFFECTED
        assert self.view(store, job_id).status == end

    def test_dead_letters_without_a_job_are_recorded(self, dead_letters: DeadLetterStore) -> None:
        unknown = uuid4()
        assert dead_letters.record(dead_letter(unknown, "m-1"), 5, EXHAUSTED) is DeadLetterOutcome.JOB_MISSING
        assert dead_letters.record(dead_letter(None, "m-2"), 5, EXHAUSTED) is DeadLetterOutcome.UNRECOGNIZED
        found = {(each.message_id, each.job_id) for each in dead_letters.list_records(None, 10)}
        assert found == {("m-1", unknown), ("m-2", None)}

    def test_a_dead_letter_is_recorded_once(
        self, store: JobStore, dead_letters: DeadLetterStore, pass_time: Callable[[float], None]
    ) -> None:
        job_id = self.queued(store)
        store.claim(job_id, 60)
        for _ in range(2):
            assert dead_letters.record(dead_letter(job_id), 5, EXHAUSTED) is DeadLetterOutcome.JOB_UNAFFECTED
            store.release(job_id, 1, "throttled", deferred=True, delay_seconds=0)
            pass_time(1)
        assert self.view(store, job_id).status is JobStatus.QUEUED
        assert len(dead_letters.list_records(None, 10)) == 1

    def test_failed_jobs_are_found_newest_first_and_counted(
        self, store: JobStore, failed: FailedJobs, pass_time: Callable[[float], None]
    ) -> None:
        old = self.failed_job(store, FailureCode.INVALID_OUTPUT)
        pass_time(100)
        new = self.failed_job(store, tenant="b")
        self.queued(store)
        assert [job.id for job in failed.find(FailedJobFilter())] == [new, old]
        assert [job.id for job in failed.find(FailedJobFilter(limit=1))] == [new]
        assert failed.count_by_code(FailedJobFilter(limit=1)) == {"invalid_output": 1, "model_failed": 1}
        (found,) = failed.find(FailedJobFilter(code=FailureCode.INVALID_OUTPUT))
        assert (found.id, found.tenant_id, found.analysis, found.code) == (old, "a", "mood", "invalid_output")
        border = failed.find(FailedJobFilter(limit=1))[0].finished_at
        assert [job.id for job in failed.find(FailedJobFilter(since=border))] == [new]
        assert failed.find(FailedJobFilter(analysis="other")) == []

    def test_a_redrive_is_a_new_job_of_the_same_request(self, store: JobStore, failed: FailedJobs) -> None:
        job_id, new_id = self.failed_job(store, key="k", tenant="b"), uuid4()
        before = self.view(store, job_id, "b")
        done = failed.redrive(job_id, new_id, REQUEST)
        assert (done.outcome, done.job_id, done.tenant_id) == (RedriveOutcome.REDRIVEN, new_id, "b")
        old, new = self.view(store, job_id, "b"), self.view(store, new_id, "b")
        assert (old.status, old.failure, old.finished_at) == (before.status, before.failure, before.finished_at)
        assert (old.redriven_as, old.redrive_of) == (new_id, None)
        assert (new.redriven_as, new.redrive_of) == (None, job_id)
        assert (new.status, new.analysis, new.model_id, new.metadata, new.attempts) == (
            JobStatus.QUEUED, old.analysis, old.model_id, old.metadata, 0)  # fmt: skip
        found = store.find_by_key("b", "k")
        assert found is not None
        assert found.id == job_id  # a repeated submit with the key returns the first job
        claim = store.claim(new_id, 60)
        assert isinstance(claim, ClaimedJob)
        assert (claim.input, claim.tenant_id, claim.config["model"]["id"]) == ({"text": "Größe 💶"}, "b", old.model_id)

    def test_a_redrive_counts_as_queued_but_not_as_submitted_by_its_tenant(
        self, store: JobStore, failed: FailedJobs
    ) -> None:
        two = Admission(max_jobs_per_day=2)
        job_id = self.failed_job(store)
        failed.redrive(job_id, uuid4(), REQUEST)
        with pytest.raises(TooManyQueued):
            store.submit(new_job(), Admission(max_queued=1))
        store.submit(new_job(), two)
        with pytest.raises(DailyLimitReached):
            store.submit(new_job(), two)

    def test_a_redriven_job_that_was_never_enqueued_is_stranded(
        self, store: JobStore, failed: FailedJobs, pass_time: Callable[[float], None]
    ) -> None:
        new_id = uuid4()
        failed.redrive(self.failed_job(store), new_id, REQUEST)
        pass_time(61)
        assert [message.job_id for message in store.stranded(60, 3600, 10)] == [new_id]

    def test_a_job_is_redriven_once_unless_the_request_allows_a_repetition(
        self, store: JobStore, failed: FailedJobs
    ) -> None:
        job_id, first, second, third = self.failed_job(store), uuid4(), uuid4(), uuid4()
        repeated = RedriveRequest("an operator", "a second time", "request-2", again=True)
        assert failed.redrive(job_id, first, REQUEST).outcome is RedriveOutcome.REDRIVEN
        assert (
            failed.redrive(job_id, first, REQUEST).outcome is RedriveOutcome.REDRIVEN
        )  # a repeated request has the same outcome
        refused = failed.redrive(job_id, second, REQUEST)
        assert (refused.outcome, refused.job_id) == (RedriveOutcome.ALREADY_REDRIVEN, first)
        assert store.get(second, "a") is None
        assert failed.find(FailedJobFilter(not_redriven=True)) == []
        assert failed.redrive(job_id, third, repeated).outcome is RedriveOutcome.REDRIVEN
        assert failed.find(FailedJobFilter())[0].redriven_as == third

    def test_only_failed_jobs_are_redriven(self, store: JobStore, failed: FailedJobs) -> None:
        assert failed.redrive(uuid4(), uuid4(), REQUEST).outcome is RedriveOutcome.NO_SUCH_JOB
        assert failed.redrive(self.queued(store), uuid4(), REQUEST).outcome is RedriveOutcome.NOT_FAILED
