"""Erasure on fakes: by the caller, by the retention and by an operator."""

import logging
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from pipeline.jobs import bootstrap
from pipeline.jobs.domain.job import JobResult
from pipeline.jobs.errors import JobNotEnded, NoSuchJob
from pipeline.jobs.handlers import operator
from pipeline.jobs.services.enforce_retention import DAY_S, EnforceRetention
from pipeline.jobs.services.erase_job import EraseJob
from pipeline.jobs.services.erase_jobs import EraseJobs
from pipeline.jobs.services.get_job import GetJob
from pipeline.platform.errors import Unavailable
from pipeline.platform.policy import ErasurePolicy

from tests.support.fakes import FakeClock, FakeResults, InMemoryJobStore
from tests.support.jobs import new_job
from tests.support.operator_fakes import InMemoryErasureStore
from tests.support.policy import POLICY

WHO = {"requested_by": "alex", "reason": "the customer asked"}


class Harness:
    """Jobs with results, and the use cases that erase them."""

    def __init__(self) -> None:
        self.clock, self.results = FakeClock(), FakeResults()
        self.store = InMemoryJobStore(self.clock)
        self.erasures = InMemoryErasureStore(self.store, self.clock)
        self.erase_job = EraseJob(self.store)
        self.retention = EnforceRetention(self.erasures, self.results, POLICY.erasure, retention_days=14)

    def running(self, tenant: str = "a") -> UUID:
        job = new_job(tenant=tenant)
        self.store.submit(job)
        self.store.claim(job.id, 60)
        return job.id

    def succeeded(self, tenant: str = "a") -> UUID:
        job_id = self.running(tenant)
        key = self.results.put(job_id, 1, b"{}")
        assert self.store.succeed(job_id, 1, JobResult.of(key, b"{}"))
        return job_id


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_an_erased_job_has_no_link_and_loses_its_object_at_the_next_sweep(harness: Harness) -> None:
    job_id = harness.succeeded()
    assert harness.erase_job.run(str(job_id), "a").erased_at == harness.clock()
    job, url = GetJob(harness.store, harness.results).run(str(job_id), "a")
    assert (job.result, url) == (None, None)
    assert harness.results.objects
    harness.retention.run()
    assert harness.results.objects == {}


@pytest.mark.parametrize("given", ["nope", "72532942-54e5-4b36-b0ee-b35410460ae6"])
def test_a_job_that_the_tenant_does_not_have_is_not_erased(harness: Harness, given: str) -> None:
    with pytest.raises(NoSuchJob):
        harness.erase_job.run(given, "a")
    with pytest.raises(NoSuchJob):
        harness.erase_job.run(str(harness.succeeded("b")), "a")


def test_a_running_job_is_erased_only_after_it_was_cancelled(harness: Harness) -> None:
    job_id = harness.running()
    with pytest.raises(JobNotEnded):
        harness.erase_job.run(str(job_id), "a")
    harness.store.cancel(job_id, "a")
    assert harness.erase_job.run(str(job_id), "a").erased_at


def test_every_erasure_is_in_the_log_also_a_repeated_one(
    harness: Harness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("pipeline"), "handlers", [caplog.handler])
    caplog.set_level(logging.INFO, "pipeline")
    job_id = str(harness.succeeded())
    for _ in range(2):  # the answer to the first may have been lost
        harness.erase_job.run(job_id, "a")
    assert [(line.message, line.__dict__["job_id"]) for line in caplog.records] == [("erased", job_id)] * 2


def test_the_retention_erases_ended_jobs_with_their_objects(harness: Harness) -> None:
    old, running = harness.succeeded(), harness.running()
    harness.clock.forward(14 * DAY_S)
    assert harness.retention.run() == 0
    harness.clock.forward(1)
    new = harness.succeeded()
    assert harness.retention.run() == 1
    erased = {job_id: row.erased_at is not None for job_id, row in harness.store.rows.items()}
    assert erased == {old: True, running: False, new: False}
    assert list(harness.results.objects) == [f"results/{new}/1.json"]


def test_the_object_of_a_late_worker_is_deleted_too(harness: Harness) -> None:
    job_id = harness.running()
    harness.store.cancel(job_id, "a")
    harness.erase_job.run(str(job_id), "a")
    harness.retention.run()
    harness.results.put(job_id, 1, b"late")  # the worker noticed nothing yet
    harness.retention.run()
    harness.clock.forward(POLICY.erasure.late_result_s)
    harness.retention.run()
    assert harness.results.objects == {}
    assert harness.erasures.objects_due(POLICY.erasure.late_result_s, 9) == []


def test_objects_that_could_not_be_deleted_are_due_until_they_are(harness: Harness) -> None:
    harness.erase_job.run(str(harness.succeeded()), "a")
    harness.results.down = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            harness.retention.run()
    harness.results.down = False
    harness.retention.run()
    assert harness.results.objects == {}


@pytest.fixture
def operate(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sends commands to the operator's function, which erases two jobs at a time."""
    use_case = EraseJobs(harness.erasures, ErasurePolicy(jobs_per_command=2))
    monkeypatch.setattr(bootstrap, "erase_jobs", lambda: use_case)
    return lambda **event: operator.handler({"do": "erase", **WHO, **event}, SimpleNamespace(aws_request_id="r-1"))


def test_an_operator_erases_a_tenant_in_batches_that_are_recorded(harness: Harness, operate: Any) -> None:
    for _ in range(3):
        harness.succeeded()
    harness.succeeded("b")
    harness.running()
    assert operate(tenant="a", dry_run=True) == {"erased": 0, "remaining": 3, "not_ended": 1}
    assert harness.erasures.audit == []
    assert operate(tenant="a") == {"erased": 2, "remaining": 1, "not_ended": 1}
    assert operate(tenant="a") == {"erased": 1, "remaining": 0, "not_ended": 1}
    assert operate(tenant="a") == {"erased": 0, "remaining": 0, "not_ended": 1}
    assert [(it.requested_by, it.reason, it.request_id, jobs) for it, jobs in harness.erasures.audit] == [
        ("alex", "the customer asked", "r-1", 2),
        ("alex", "the customer asked", "r-1", 1),
    ]


def test_an_operator_erases_jobs_by_id_and_by_time(harness: Harness, operate: Any) -> None:
    first = harness.succeeded()
    harness.clock.forward(100)
    second = harness.succeeded()
    assert operate(jobs=[str(second), str(second)])["erased"] == 1
    assert harness.store.rows[first].erased_at is None
    assert operate(ended_before=harness.clock().isoformat())["erased"] == 1


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"jobs": []},
        {"jobs": ["x"]},
        {"jobs": [str(uuid4())], "tenant": "a"},
        {"tenant": ""},
        {"ended_before": "2026-11-20T12:00:00"},
        {"tenant": "a", "reason": ""},
        {"jobs": [str(uuid4())] * 501},
    ],
)
def test_an_invalid_erasure_is_refused(harness: Harness, operate: Any, event: dict[str, Any]) -> None:
    harness.succeeded()
    assert operate(**event)["refused"]
    assert harness.erasures.audit == []
