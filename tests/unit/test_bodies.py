"""Answers of the API and of the operator's function, in the types of JSON."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from pipeline.jobs import bootstrap
from pipeline.jobs.domain.dead_letter import DeadLetter
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import JobView
from pipeline.jobs.handlers import operator
from pipeline.jobs.handlers.bodies import StatusBody
from pipeline.jobs.handlers.sqs_records import dead_letter_from
from pipeline.jobs.services.redrive_job import ListFailedJobs

from tests.support.events import dead_letter_event
from tests.support.fakes import FakeClock, InMemoryJobStore
from tests.support.jobs import new_job
from tests.support.operator_fakes import InMemoryDeadLetterStore, InMemoryFailedJobs

CONTEXT = SimpleNamespace(aws_request_id="request-1")


@pytest.fixture
def view() -> JobView:
    store, job = InMemoryJobStore(FakeClock()), new_job()
    store.submit(job)
    found = store.get(job.id, "a")
    assert found is not None
    return found


def test_a_job_names_the_failed_one_that_it_runs_again_and_the_one_that_runs_it_again(view: JobView) -> None:
    linked = replace(view, redrive_of=UUID(int=1), redriven_as=UUID(int=2))
    body: dict[str, Any] = json.loads(json.dumps(StatusBody.of(linked, result=None, result_url=None).dump()))
    assert (body["redrive_of"], body["redriven_as"]) == (str(UUID(int=1)), str(UUID(int=2)))


def test_a_listed_dead_letter_has_its_size_and_its_digest_in_hexadecimal(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    store = InMemoryJobStore(clock)
    dead_letters = InMemoryDeadLetterStore(store, clock)
    failure = Failure.of(FailureCode.ATTEMPTS_EXHAUSTED)
    dead_letters.record(DeadLetter("message-1", None, 12, bytes(range(32))), 5, failure)
    use_case = ListFailedJobs(InMemoryFailedJobs(store), dead_letters)
    monkeypatch.setattr(bootstrap, "list_failed_jobs", lambda: use_case)
    answer = json.loads(json.dumps(operator.handler({"do": "list"}, CONTEXT)))
    assert answer["dead_letters"] == [
        {
            "message_id": "message-1",
            "job_id": None,
            "outcome": "unrecognized",
            "deliveries": 5,
            "body_bytes": 12,
            "body_sha256": bytes(range(32)).hex(),
            "recorded_at": "2026-11-20T12:00:00.000Z",
        }
    ]
    assert answer["by_outcome"] == {"unrecognized": 1}


@pytest.mark.parametrize("body", ["[1]", '"text"', "1", "null", '{"job_id": null}', "[" * 50_000])
def test_a_dead_letter_of_any_content_is_recorded_without_a_job(body: str) -> None:
    (record,) = dead_letter_event(body)["Records"]
    found = dead_letter_from(record)
    assert (found.job_id, found.body_bytes, len(found.body_sha256)) == (None, len(body), 32)


@pytest.mark.parametrize(
    ("event", "pointer"),
    [
        ({"do": "list", "limit": 501}, "/list/limit"),
        ({"do": "list", "limit": 0}, "/list/limit"),
        ({"do": "redrive", "jobs": [str(UUID(int=n)) for n in range(51)], "requested_by": "a", "reason": "b"},
         "/redrive/jobs"),
        ({"do": "redrive", "jobs": [str(UUID(int=1))], "requested_by": "a" * 301, "reason": "b"},
         "/redrive/requested_by"),
        ({"do": "redrive", "jobs": [str(UUID(int=1))], "requested_by": "a", "reason": "b" * 501}, "/redrive/reason"),
    ],
)  # fmt: skip
def test_a_command_over_its_limits_is_refused_with_the_place(event: dict[str, Any], pointer: str) -> None:
    (refused,) = operator.handler(event, CONTEXT)["refused"]
    assert refused["pointer"] == pointer
