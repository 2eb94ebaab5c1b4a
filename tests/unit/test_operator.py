"""An operator's orders, from the event to the new job."""

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
WORDS = {"requested_by": "somebody", "reason": "the model is back"}


class Bench:
    """The operator's function over fakes."""

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
        self.store.record(job)
        self.store.claim(job.id, 60)
        self.store.fail(job.id, 1, Failure.of(FailureCode.MODEL_FAILED))
        return job.id

    def order(self, **event: Any) -> dict[str, Any]:
        return operator.handler(event, CONTEXT)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_failed_jobs_are_listed_with_their_reasons_and_without_documents(bench: Bench) -> None:
    job_id = bench.failed_job()
    answer = bench.order(do="list")
    assert answer["by_code"] == {"model_failed": 1}
    (job,) = answer["jobs"]
    assert (job["id"], job["code"], job["finished_at"]) == (str(job_id), "model_failed", "2026-11-20T12:00:00.000Z")
    assert "input" not in job
    assert (answer["dead_letters"], answer["by_outcome"]) == ([], {})


def test_a_redriven_job_is_on_the_queue_in_its_tenants_group_and_says_who_wanted_it(bench: Bench) -> None:
    job_id = bench.failed_job("t")
    (job,) = bench.order(do="redrive", jobs=[str(job_id)], **WORDS)["jobs"]
    new_id = UUID(job["redriven_as"])
    assert (job["id"], job["outcome"]) == (str(job_id), "redriven")
    assert bench.queue.sent == [(new_id, 0)]
    assert bench.queue.groups == [JobMessage.of(new_id, "t").group]
    order = bench.failed.requests[new_id]
    assert (order.requested_by, order.reason, order.request_id) == ("somebody", "the model is back", "request-1")
    recorded = bench.store.find("t", "none")
    assert recorded is None
    assert bench.store.rows[new_id].enqueued_at is not None


def test_each_job_has_an_outcome_of_its_own_and_one_that_is_named_twice_is_one(bench: Bench) -> None:
    good, unknown = str(bench.failed_job()), str(uuid4())
    first = bench.order(do="redrive", jobs=[good, unknown, good], **WORDS)["jobs"]
    assert [(job["id"], job["outcome"]) for job in first] == [(good, "redriven"), (unknown, "no_such_job")]
    (second,) = bench.order(do="redrive", jobs=[good], **WORDS)["jobs"]
    assert (second["outcome"], second["redriven_as"]) == ("already_redriven", first[0]["redriven_as"])
    (third,) = bench.order(do="redrive", jobs=[good], again=True, **WORDS)["jobs"]
    assert third["outcome"] == "redriven"


def test_while_the_queue_is_away_the_job_is_recorded_and_the_sweeper_sends_it(bench: Bench) -> None:
    job_id = bench.failed_job()
    bench.queue.down = True
    (job,) = bench.order(do="redrive", jobs=[str(job_id)], **WORDS)["jobs"]
    assert job["outcome"] == "redriven"
    bench.queue.down = False
    bench.clock.forward(POLICY.sweep.overdue_s + 1)
    assert SweepJobs(bench.store, bench.queue, POLICY.sweep).run() == 1
    assert bench.queue.sent == [(UUID(job["redriven_as"]), 0)]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"do": "delete"},
        {"do": "list", "limit": 0},
        {"do": "list", "code": "no_such_code"},
        {"do": "list", "since": "2026-11-20T12:00:00"},
        {"do": "list", "more": 1},
        {"do": "redrive", "jobs": [], **WORDS},
        {"do": "redrive", "jobs": ["x"], **WORDS},
        {"do": "redrive", "jobs": [str(uuid4())], "requested_by": "me"},
        {"do": "redrive", "jobs": [str(uuid4())], "requested_by": "me", "reason": ""},
    ],
)
def test_what_is_no_order_is_refused_and_nothing_is_done(bench: Bench, event: dict[str, Any]) -> None:
    assert bench.order(**event)["refused"]
    assert bench.queue.sent == []
