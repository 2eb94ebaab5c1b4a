"""Operator commands, from the event to the new job."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from pipeline.jobs import bootstrap
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import JobMessage
from pipeline.jobs.handlers import operator
from pipeline.jobs.services.redrive_job import ListFailedJobs, RedriveJob
from pipeline.jobs.services.sweep_jobs import SweepJobs

from tests.support.fakes import FakeClock, FakeQueue, InMemoryJobStore
from tests.support.jobs import new_job
from tests.support.operator_fakes import InMemoryDeadLetterStore, InMemoryFailedJobs
from tests.support.policy import POLICY

CONTEXT = SimpleNamespace(aws_request_id="request-1")
REQUEST = {"requested_by": "alex", "reason": "the model is back"}


class Harness:
    """The operator function with its use cases on fakes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.queue = FakeClock(), FakeQueue()
        self.store = InMemoryJobStore(self.clock)
        self.failed = InMemoryFailedJobs(self.store)
        list_failed_jobs = ListFailedJobs(self.failed, InMemoryDeadLetterStore(self.store, self.clock))
        redrive_job = RedriveJob(self.failed, self.store, self.queue)
        monkeypatch.setattr(bootstrap, "list_failed_jobs", lambda: list_failed_jobs)
        monkeypatch.setattr(bootstrap, "redrive_job", lambda: redrive_job)

    def failed_job(self, tenant: str = "a") -> UUID:
        job = new_job(tenant=tenant)
        self.store.submit(job)
        self.store.claim(job.id, 60)
        self.store.fail(job.id, 1, Failure.of(FailureCode.MODEL_FAILED))
        return job.id

    def run(self, **event: Any) -> dict[str, Any]:
        return operator.handler(event, CONTEXT)


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    return Harness(monkeypatch)


def test_failed_jobs_are_listed_with_their_reasons_and_without_documents(harness: Harness) -> None:
    job_id = harness.failed_job()
    answer = harness.run(do="list")
    assert answer["by_code"] == {"model_failed": 1}
    (job,) = answer["jobs"]
    assert (job["id"], job["code"], job["finished_at"]) == (str(job_id), "model_failed", "2026-11-20T12:00:00.000Z")
    assert "input" not in job
    assert (answer["dead_letters"], answer["by_outcome"]) == ([], {})


def test_a_redriven_job_is_enqueued_in_its_tenants_group_with_its_requester(harness: Harness) -> None:
    job_id = harness.failed_job("t")
    (job,) = harness.run(do="redrive", jobs=[str(job_id)], **REQUEST)["jobs"]
    new_id = UUID(job["redriven_as"])
    assert (job["id"], job["outcome"]) == (str(job_id), "redriven")
    assert harness.queue.sent == [(new_id, 0)]
    assert harness.queue.groups == [JobMessage.of(new_id, "t").group]
    request = harness.failed.requests[new_id]
    assert (request.requested_by, request.reason, request.request_id) == ("alex", "the model is back", "request-1")
    recorded = harness.store.find_by_key("t", "none")
    assert recorded is None
    assert harness.store.rows[new_id].enqueued_at is not None


def test_each_distinct_job_has_one_outcome(harness: Harness) -> None:
    good, unknown = str(harness.failed_job()), str(uuid4())
    first = harness.run(do="redrive", jobs=[good, unknown, good], **REQUEST)["jobs"]
    assert [(job["id"], job["outcome"]) for job in first] == [(good, "redriven"), (unknown, "no_such_job")]
    (second,) = harness.run(do="redrive", jobs=[good], **REQUEST)["jobs"]
    assert (second["outcome"], second["redriven_as"]) == ("already_redriven", first[0]["redriven_as"])
    (third,) = harness.run(do="redrive", jobs=[good], again=True, **REQUEST)["jobs"]
    assert third["outcome"] == "redriven"


def test_a_job_redriven_during_a_queue_outage_is_enqueued_by_the_sweeper(harness: Harness) -> None:
    job_id = harness.failed_job()
    harness.queue.down = True
    (job,) = harness.run(do="redrive", jobs=[str(job_id)], **REQUEST)["jobs"]
    assert job["outcome"] == "redriven"
    harness.queue.down = False
    harness.clock.forward(POLICY.sweep.overdue_s + 1)
    assert SweepJobs(harness.store, harness.queue, POLICY.sweep).run() == 1
    assert harness.queue.sent == [(UUID(job["redriven_as"]), 0)]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"do": "delete"},
        {"do": "list", "limit": 0},
        {"do": "list", "code": "no_such_code"},
        {"do": "list", "since": "2026-11-20T12:00:00"},
        {"do": "list", "more": 1},
        {"do": "redrive", "jobs": [], **REQUEST},
        {"do": "redrive", "jobs": ["x"], **REQUEST},
        {"do": "redrive", "jobs": [str(uuid4())], "requested_by": "me"},
        {"do": "redrive", "jobs": [str(uuid4())], "requested_by": "me", "reason": ""},
    ],
)
def test_an_invalid_command_is_refused_without_effect(harness: Harness, event: dict[str, Any]) -> None:
    assert harness.run(**event)["refused"]
    assert harness.queue.sent == []
