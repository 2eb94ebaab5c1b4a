"""The contract of erasure stores, beside a job store. Subclassed for the fakes and for PostgreSQL."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from pipeline.jobs.domain.erasure import DueObjects, ErasureRequest, ErasureSelection
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import JobResult, JobView, NotClaimed
from pipeline.jobs.domain.redrive import FailedJobFilter, RedriveOutcome
from pipeline.jobs.ports import ErasureStore, FailedJobs, JobStore

from tests.support.invariants import result_key
from tests.support.jobs import new_job
from tests.support.operator_contract import REQUEST as REDRIVE

REQUEST = ErasureRequest("an operator", "the customer asked", "request-1")
LATE_S = 900
DAY_S = 86_400


class ErasureContract:
    """Tests of every erasure store.

    A subclass provides the fixtures ``store``, ``erasures``, ``failed`` and ``pass_time``.
    """

    def queued(self, store: JobStore, **fields: Any) -> UUID:
        job = new_job(**fields)
        store.submit(job)
        store.mark_enqueued(job.id)
        return job.id

    def succeeded(self, store: JobStore, **fields: Any) -> UUID:
        job_id = self.queued(store, **fields)
        store.claim(job_id, 60)
        assert store.succeed(job_id, 1, JobResult.of(result_key(job_id, 1), b'{"mood":"ok"}'))
        return job_id

    def view(self, store: JobStore, job_id: UUID, tenant: str = "a") -> JobView:
        view = store.get(job_id, tenant)
        assert view is not None
        return view

    def test_an_erased_job_has_no_content_and_keeps_its_history(self, store: JobStore) -> None:
        job_id = self.succeeded(store)
        before = self.view(store, job_id)
        job = store.erase(job_id, "a")
        after = self.view(store, job_id)
        assert job == after
        assert after.erased_at is not None
        assert (after.result, after.result_key, after.metadata) == (None, None, {})
        kept = ("id", "status", "analysis", "model_id", "created_at", "started_at", "finished_at", "attempts", "usage")
        assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]

    def test_a_failed_job_keeps_its_code_without_the_text(self, store: JobStore) -> None:
        job_id = self.queued(store)
        store.claim(job_id, 60)
        store.fail(job_id, 1, Failure(FailureCode.INVALID_OUTPUT, "quotes the document", retryable=False))
        store.erase(job_id, "a")
        failure = self.view(store, job_id).failure
        assert failure is not None
        assert (failure.code, failure.retryable) == (FailureCode.INVALID_OUTPUT, False)
        assert failure.message == Failure.of(FailureCode.INVALID_OUTPUT).message

    def test_an_erasure_is_repeated_without_effect(self, store: JobStore) -> None:
        job_id = self.succeeded(store)
        store.erase(job_id, "a")
        first = self.view(store, job_id).erased_at
        job = store.erase(job_id, "a")
        assert job is not None
        assert job.erased_at == first

    def test_only_the_tenants_own_job_is_erased(self, store: JobStore) -> None:
        job_id = self.succeeded(store)
        assert store.erase(job_id, "b") is None
        assert store.erase(uuid4(), "a") is None
        assert self.view(store, job_id).erased_at is None

    def test_a_job_that_has_not_ended_is_not_erased(self, store: JobStore, erasures: ErasureStore) -> None:
        waiting, running = self.queued(store), self.queued(store)
        store.claim(running, 60)
        for job_id in (waiting, running):
            job = store.erase(job_id, "a")
            assert job is not None
            assert job.erased_at is None
        selection = ErasureSelection((waiting, running))
        assert erasures.erase([waiting, running], selection, REQUEST) == []
        assert erasures.erase_expired(0, 10) == []
        assert erasures.count(selection) == (0, 2)

    def test_a_late_worker_cannot_give_an_erased_job_content(self, store: JobStore) -> None:
        job_id = self.queued(store)
        store.claim(job_id, 60)
        store.cancel(job_id, "a")
        store.erase(job_id, "a")
        before = self.view(store, job_id)
        assert not store.succeed(job_id, 1, JobResult.of(result_key(job_id, 1), b'{"mood":"ok"}'))
        assert not store.fail(job_id, 1, Failure.of(FailureCode.INTERNAL_ERROR))
        assert not store.release(job_id, 1, "throttled", deferred=True, delay_seconds=0)
        assert isinstance(store.claim(job_id, 60), NotClaimed)
        assert self.view(store, job_id) == before

    def test_the_idempotency_key_is_free_again(self, store: JobStore) -> None:
        first = self.succeeded(store, key="k")
        store.erase(first, "a")
        assert store.find_by_key("a", "k") is None
        again = new_job(key="k")
        assert store.submit(again).id == again.id

    def test_an_erased_job_is_neither_listed_as_failed_nor_run_again(self, store: JobStore, failed: FailedJobs) -> None:
        job_id = self.queued(store)
        store.claim(job_id, 60)
        store.fail(job_id, 1, Failure.of(FailureCode.MODEL_FAILED))
        store.erase(job_id, "a")
        assert failed.find(FailedJobFilter()) == []
        assert failed.count_by_code(FailedJobFilter()) == {}
        assert failed.redrive(job_id, uuid4(), REDRIVE).outcome is RedriveOutcome.ERASED

    def test_objects_are_due_immediately_and_after_the_last_worker(
        self, store: JobStore, erasures: ErasureStore, pass_time: Callable[[float], None]
    ) -> None:
        job_id = self.succeeded(store)
        assert erasures.objects_due(LATE_S, 10) == []
        store.erase(job_id, "a")
        (due,) = erasures.objects_due(LATE_S, 10)
        assert due == DueObjects(job_id, last=False)
        erasures.objects_deleted(due, LATE_S)
        assert erasures.objects_due(LATE_S, 10) == []
        pass_time(LATE_S + 1)
        (due,) = erasures.objects_due(LATE_S, 10)
        assert due == DueObjects(job_id, last=True)
        erasures.objects_deleted(due, LATE_S)
        erasures.objects_deleted(due, LATE_S)
        pass_time(DAY_S)
        assert erasures.objects_due(LATE_S, 10) == []

    def test_only_jobs_whose_retention_has_ended_are_erased(
        self, store: JobStore, erasures: ErasureStore, pass_time: Callable[[float], None]
    ) -> None:
        oldest = self.succeeded(store)
        pass_time(100)
        old = self.succeeded(store, tenant="b")
        pass_time(DAY_S - 50)
        new = self.succeeded(store)
        assert erasures.erase_expired(DAY_S, 1) == [oldest]
        assert erasures.erase_expired(DAY_S, 10) == []
        pass_time(60)
        assert erasures.erase_expired(DAY_S, 10) == [old]
        assert self.view(store, new).erased_at is None
        erasures.delete_expired_records(DAY_S, 10)

    def test_jobs_of_a_tenant_and_a_time_are_erased_in_batches(
        self, store: JobStore, erasures: ErasureStore, pass_time: Callable[[float], None]
    ) -> None:
        early = self.succeeded(store)
        other, waiting = self.succeeded(store, tenant="b"), self.queued(store)
        pass_time(100)
        late = self.succeeded(store)
        of_tenant = ErasureSelection(tenant_id="a")
        assert erasures.count(of_tenant) == (2, 1)
        assert erasures.find(of_tenant, 1) == [early]
        border = self.view(store, late).finished_at
        assert erasures.find(ErasureSelection(tenant_id="a", ended_from=border), 10) == [late]
        assert erasures.find(ErasureSelection(tenant_id="a", ended_before=border), 10) == [early]
        assert set(erasures.find(ErasureSelection(ended_before=border), 10)) == {early, other}
        assert erasures.erase([early, late], of_tenant, REQUEST) == sorted([early, late])
        assert erasures.erase([early, late, waiting], of_tenant, REQUEST) == sorted([early, late])
        assert erasures.find(of_tenant, 10) == []
        assert erasures.count(of_tenant) == (0, 1)
        assert self.view(store, other, "b").erased_at is None

    def test_jobs_by_id_are_counted_and_found(self, store: JobStore, erasures: ErasureStore) -> None:
        done, waiting = self.succeeded(store), self.queued(store)
        selection = ErasureSelection((done, waiting, uuid4()))
        assert erasures.count(selection) == (1, 1)
        assert erasures.find(selection, 2) == [done, waiting]
        erasures.erase([done], selection, REQUEST)
        assert erasures.count(selection) == (0, 1)
