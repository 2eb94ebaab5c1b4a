"""The contract of job stores. Subclassed for the fake and for PostgreSQL."""

import hashlib
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from pipeline.jobs.domain.admission import Admission, DailyLimit
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import ClaimedJob, JobMessage, JobResult, JobStatus, NotClaimed
from pipeline.jobs.domain.job_config import JobConfig
from pipeline.jobs.domain.listing import JobFilter
from pipeline.jobs.errors import DailyLimitReached, QueueTooCostly, TooManyQueued
from pipeline.jobs.ports import JobStore

from tests.support.jobs import config, new_job

RESULT = JobResult.of("results/1.json", b'{"mood":"ok"}')


class JobStoreContract:
    """Tests of every job store. A subclass provides the fixtures ``store`` and ``pass_time``."""

    def claimed(self, store: JobStore, job_id: UUID, lease: int = 60) -> ClaimedJob:
        claim = store.claim(job_id, lease)
        assert isinstance(claim, ClaimedJob)
        return claim

    def queued(self, store: JobStore, **fields: Any) -> UUID:
        job = new_job(**fields)
        store.submit(job)
        assert store.mark_enqueued(job.id)
        return job.id

    def test_a_recorded_job_is_queued_and_visible_only_to_its_tenant(self, store: JobStore) -> None:
        job = new_job(tenant="a")
        assert store.submit(job).id == job.id
        view = store.get(job.id, "a")
        assert view is not None
        assert (view.status, view.attempts, view.metadata) == (JobStatus.QUEUED, 0, {"ticket": "A-17"})
        assert (view.started_at, view.finished_at, view.result, view.failure) == (None,) * 4
        assert store.get(job.id, "b") is None
        assert store.get(uuid4(), "a") is None

    def test_a_repeated_key_of_a_tenant_returns_its_first_job(self, store: JobStore) -> None:
        first, again, other = new_job(key="k"), new_job(key="k", fingerprint=b"g" * 32), new_job(key="k", tenant="b")
        store.submit(first)
        found = store.submit(again)
        assert (found.id, found.request_fingerprint) == (first.id, b"f" * 32)
        assert store.submit(other).id == other.id
        assert store.get(again.id, "a") is None

    def test_recording_a_job_again_returns_it(self, store: JobStore) -> None:
        job = new_job()
        assert store.submit(job) == store.submit(job)

    def test_jobs_without_a_key_are_all_different(self, store: JobStore) -> None:
        first, second = new_job(), new_job()
        assert store.submit(first).id != store.submit(second).id

    def test_a_job_is_withdrawn_only_before_it_is_enqueued(self, store: JobStore) -> None:
        gone, kept = new_job(key="k"), new_job()
        store.submit(gone)
        assert store.withdraw(gone.id, "a")
        assert store.get(gone.id, "a") is None
        assert not store.mark_enqueued(gone.id)
        assert store.submit(new_job(key="k")).id != gone.id
        store.submit(kept)
        store.mark_enqueued(kept.id)
        assert not store.withdraw(kept.id, "a")
        assert store.get(kept.id, "a") is not None

    def test_a_cancelled_job_never_runs(self, store: JobStore) -> None:
        job_id = self.queued(store)
        assert not store.cancel(job_id, "b").cancelled
        assert store.cancel(job_id, "a").cancelled
        claim = store.claim(job_id, 30)
        assert isinstance(claim, NotClaimed)
        assert claim.status is JobStatus.CANCELLED
        view = store.get(job_id, "a")
        assert view is not None
        assert view.finished_at is not None
        assert not store.cancel(job_id, "a").cancelled
        assert not store.cancel(uuid4(), "a").cancelled

    def test_the_result_of_a_job_cancelled_while_it_ran_is_refused(self, store: JobStore) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id)
        assert store.cancel(job_id, "a").cancelled
        assert not store.extend_lease(job_id, 1, 30)
        assert not store.succeed(job_id, 1, RESULT)
        assert not store.fail(job_id, 1, Failure.of(FailureCode.MODEL_FAILED))
        assert not store.release(job_id, 1, "throttled", deferred=True, delay_seconds=0)
        view = store.get(job_id, "a")
        assert view is not None
        assert (view.status, view.result_key) == (JobStatus.CANCELLED, None)

    def test_a_released_job_can_be_cancelled(self, store: JobStore) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id)
        assert store.release(job_id, 1, "throttled", deferred=True, delay_seconds=100)
        assert store.cancel(job_id, "a").cancelled

    def test_a_finished_job_is_not_cancelled(self, store: JobStore) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id)
        store.succeed(job_id, 1, RESULT)
        assert not store.cancel(job_id, "a").cancelled

    def test_pages_list_every_job_of_the_tenant_once_newest_first(self, store: JobStore, pass_time: Any) -> None:
        ids = []
        for _ in range(5):
            ids.append(self.queued(store))
            pass_time(1)
        self.queued(store, tenant="b")
        seen: list[UUID] = []
        after = None
        for size in (2, 2, 1):
            page = store.list_jobs("a", JobFilter(limit=2, after=after))
            assert len(page.jobs) == size
            seen += [job.id for job in page.jobs]
            after = page.next
        assert after is None
        assert seen == ids[::-1]

    def test_jobs_are_listed_by_status_analysis_and_time(self, store: JobStore, pass_time: Any) -> None:
        old = self.queued(store)
        pass_time(100)
        new = self.queued(store)
        self.claimed(store, new)
        store.succeed(new, 1, RESULT)
        everything = store.list_jobs("a", JobFilter()).jobs
        assert [job.id for job in everything] == [new, old]
        assert everything[0].result is None
        assert [job.id for job in store.list_jobs("a", JobFilter(status=JobStatus.QUEUED)).jobs] == [old]
        assert store.list_jobs("a", JobFilter(analysis="other")).jobs == []
        assert len(store.list_jobs("a", JobFilter(analysis="mood")).jobs) == 2
        border = everything[0].created_at
        assert [job.id for job in store.list_jobs("a", JobFilter(created_from=border)).jobs] == [new]
        assert [job.id for job in store.list_jobs("a", JobFilter(created_before=border)).jobs] == [old]

    def test_a_tenant_has_no_more_queued_jobs_than_the_limit(self, store: JobStore) -> None:
        three = Admission(max_queued=3)
        jobs = [self.queued(store, key=f"k-{number}") for number in range(3)]
        store.submit(new_job(tenant="b"), three)
        refused = new_job()
        with pytest.raises(TooManyQueued) as error:
            store.submit(refused, three)
        assert error.value.limit == 3
        assert store.get(refused.id, "a") is None
        assert store.submit(new_job(key="k-1"), three).id == jobs[1]  # a repeated key is no new job
        self.claimed(store, jobs[0])
        store.submit(new_job(), three)

    def test_a_cancelled_job_counts_against_the_jobs_and_bytes_of_the_day(self, store: JobStore) -> None:
        job_bytes = len('{"text": "Größe 💶"}{"ticket": "A-17"}'.encode())
        for reached, limits in (
            (DailyLimit.JOBS, Admission(max_jobs_per_day=3)),
            (DailyLimit.BYTES, Admission(max_bytes_per_day=3 * job_bytes)),
        ):
            tenant = f"limited by {reached}"
            for number in range(3):
                job = new_job(key=f"k-{number}", tenant=tenant)
                store.submit(job, limits)
                store.mark_enqueued(job.id)
                assert store.cancel(job.id, tenant).cancelled
            with pytest.raises(DailyLimitReached) as refused:
                store.submit(new_job(tenant=tenant), limits)
            assert refused.value.reached is reached
            assert 0 < refused.value.seconds <= 24 * 3600
            assert store.submit(new_job(key="k-1", tenant=tenant), limits).id != job.id  # a repeated key is no new job
            store.submit(new_job(tenant=f"not {tenant}"), limits)

    def test_a_withdrawn_job_does_not_count_against_the_day(self, store: JobStore) -> None:
        one = Admission(max_jobs_per_day=1)
        for _ in range(3):  # the queue is down: each request was answered with a 503
            job = new_job()
            store.submit(job, one)
            assert store.withdraw(job.id, "a")
        store.submit(new_job(), one)

    def test_queued_jobs_count_against_the_daily_spending(self, store: JobStore) -> None:
        limits = Admission(max_cost_usd=Decimal("0.04"), daily_usd_per_tenant=Decimal("0.10"))
        jobs = [new_job() for _ in range(2)]
        for job in jobs:
            store.submit(job, limits)
        with pytest.raises(QueueTooCostly):
            store.submit(new_job(), limits)
        self.claimed(store, jobs[0].id)  # from here on its calls are in the ledger
        store.submit(new_job(), limits)
        assert store.release(jobs[0].id, 1, "throttled", deferred=True, delay_seconds=0)
        store.cancel(jobs[1].id, "a")
        with pytest.raises(QueueTooCostly):
            store.submit(new_job(), limits)
        store.cancel(jobs[0].id, "a")
        store.submit(new_job(), limits)

    def test_the_queued_jobs_of_all_tenants_count_against_the_spending_of_the_stage(self, store: JobStore) -> None:
        limits = Admission(max_cost_usd=Decimal("0.04"), daily_usd=Decimal("0.10"))
        for tenant in ("a", "b"):
            store.submit(new_job(tenant=tenant), limits)
        with pytest.raises(QueueTooCostly):
            store.submit(new_job(tenant="c"), limits)

    def test_a_claim_returns_the_recorded_request(self, store: JobStore) -> None:
        pinned = config("fast")
        job_id = self.queued(store, config=pinned)
        job = self.claimed(store, job_id)
        assert (job.attempt, job.analysis, job.input) == (1, "mood", {"text": "Größe 💶"})
        assert JobConfig.model_validate(job.config) == pinned
        assert job.created_at.tzinfo is not None

    def test_a_running_job_is_not_claimed_until_its_lease_ends(self, store: JobStore, pass_time: Any) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id, lease=30)
        refused = store.claim(job_id, 30)
        assert isinstance(refused, NotClaimed)
        assert refused.status is JobStatus.RUNNING
        assert 25 < refused.seconds_left <= 30
        pass_time(31)
        assert self.claimed(store, job_id).attempt == 2

    def test_a_lease_can_be_extended_by_its_holder_only(self, store: JobStore, pass_time: Any) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id, lease=30)
        assert store.extend_lease(job_id, 1, 100)
        assert not store.extend_lease(job_id, 2, 100)
        pass_time(60)
        assert isinstance(store.claim(job_id, 30), NotClaimed)

    def test_an_unknown_job_is_not_claimed(self, store: JobStore) -> None:
        assert store.claim(uuid4(), 30) == NotClaimed(None)

    def test_a_succeeded_job_has_its_result(self, store: JobStore) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id)
        assert store.succeed(job_id, 1, RESULT)
        view = store.get(job_id, "a")
        assert view is not None
        assert (view.status, view.result, view.result_key) == (JobStatus.SUCCEEDED, {"mood": "ok"}, "results/1.json")
        assert view.finished_at is not None
        assert view.started_at is not None
        assert view.started_at <= view.finished_at

    def test_a_large_result_is_recorded_by_its_key_only(self, store: JobStore) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id)
        content = b"x" * 200_000
        assert store.succeed(job_id, 1, JobResult.of("k", content))
        view = store.get(job_id, "a")
        assert view is not None
        assert (view.result, view.result_key) == (None, "k")
        assert view.result_sha256 == hashlib.sha256(content).digest()

    def test_a_failed_job_has_its_reason(self, store: JobStore) -> None:
        failure = Failure.of(FailureCode.OUTPUT_TRUNCATED)
        job_id = self.queued(store)
        self.claimed(store, job_id)
        assert store.fail(job_id, 1, failure)
        view = store.get(job_id, "a")
        assert view is not None
        assert (view.status, view.failure) == (JobStatus.FAILED, failure)

    def test_a_late_attempt_cannot_finish_a_job(self, store: JobStore, pass_time: Any) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id, lease=30)
        pass_time(31)
        self.claimed(store, job_id)
        assert not store.succeed(job_id, 1, RESULT)
        assert not store.fail(job_id, 1, Failure.of(FailureCode.MODEL_FAILED))
        assert not store.release(job_id, 1, "x", deferred=False, delay_seconds=0)
        assert store.succeed(job_id, 2, RESULT)
        assert not store.succeed(job_id, 1, RESULT)

    def test_a_finished_job_does_not_change_and_finishing_is_idempotent(self, store: JobStore) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id)
        assert store.succeed(job_id, 1, RESULT)
        assert store.succeed(job_id, 1, RESULT)
        assert not store.fail(job_id, 1, Failure.of(FailureCode.MODEL_FAILED))
        claim = store.claim(job_id, 30)
        assert isinstance(claim, NotClaimed)
        assert claim.status is JobStatus.SUCCEEDED

    def test_released_jobs_run_again(self, store: JobStore) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id)
        assert store.release(job_id, 1, "throttled", deferred=True, delay_seconds=0)
        second = self.claimed(store, job_id)
        assert (second.attempt, second.deferrals, second.attempts_spent) == (2, 1, 1)
        assert store.release(job_id, 2, "broken", deferred=False, delay_seconds=0)
        third = self.claimed(store, job_id)
        assert (third.attempt, third.deferrals, third.attempts_spent) == (3, 1, 2)
        assert store.succeed(job_id, 3, RESULT)

    def test_a_released_job_is_not_claimed_before_it_is_due(self, store: JobStore, pass_time: Any) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id)
        store.release(job_id, 1, "throttled", deferred=True, delay_seconds=100)
        refused = store.claim(job_id, 30)
        assert isinstance(refused, NotClaimed)
        assert refused.status is JobStatus.QUEUED
        assert 95 < refused.seconds_left <= 100
        assert store.stranded(60, 3600, 10) == []
        pass_time(101)
        assert self.claimed(store, job_id).attempt == 2

    def test_a_job_is_found_by_its_tenant_and_key(self, store: JobStore) -> None:
        job = new_job(key="k")
        assert store.find_by_key("a", "k") is None
        assert store.submit(job) == store.find_by_key("a", "k")
        assert store.find_by_key("b", "k") is None

    def test_only_stranded_jobs_are_found(self, store: JobStore, pass_time: Any) -> None:
        never_sent = new_job()
        store.submit(never_sent)
        waiting, running, done = self.queued(store), self.queued(store), self.queued(store)
        self.claimed(store, running, lease=30)
        self.claimed(store, done)
        store.succeed(done, 1, RESULT)
        assert store.stranded(60, 3600, 10) == []
        pass_time(120)
        assert store.stranded(60, 3600, 10) == [JobMessage.of(never_sent.id, "a")]
        pass_time(4000)
        assert {found.job_id for found in store.stranded(60, 3600, 10)} == {never_sent.id, waiting, running}
        assert len(store.stranded(60, 3600, 2)) == 2
        for job_id in (never_sent.id, waiting, running):
            store.mark_enqueued(job_id)
        assert store.stranded(60, 3600, 10) == []

    def test_a_job_that_is_not_due_is_not_stranded(self, store: JobStore, pass_time: Any) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id)
        store.release(job_id, 1, "daily_limit", deferred=True, delay_seconds=40_000)
        store.mark_enqueued(job_id)
        pass_time(20_000)
        assert store.stranded(60, 3600, 10) == []
        pass_time(20_100)
        assert [found.job_id for found in store.stranded(60, 3600, 10)] == [job_id]
