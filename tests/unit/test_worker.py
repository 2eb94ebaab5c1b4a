"""The worker's handler: a failed message is delivered again, and does not affect the others."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from pipeline.jobs import bootstrap
from pipeline.jobs.domain.job import JobMessage
from pipeline.jobs.errors import OutOfTime
from pipeline.jobs.handlers import worker
from pipeline.platform.errors import ConfigurationError, Unavailable

from tests.support.events import sqs_event
from tests.support.fakes import FakeDelivery
from tests.support.policy import POLICY

CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 600_000)


def run(monkeypatch: pytest.MonkeyPatch, event: dict[str, Any], run_one: Callable[[UUID], None]) -> tuple[Any, Any]:
    deliveries: dict[str, FakeDelivery] = {}

    class RunJob:
        def run(self, message: JobMessage, _delivery: object, remaining: Callable[[], float]) -> None:
            assert remaining() == 600.0
            run_one(message.job_id)

    monkeypatch.setattr(bootstrap, "run_job", RunJob)
    handles = {record["receiptHandle"]: record["messageId"] for record in event["Records"]}
    monkeypatch.setattr(bootstrap, "delivery", lambda handle: deliveries.setdefault(handles[handle], FakeDelivery()))
    return worker.handler(event, CONTEXT), deliveries


def message() -> str:
    return json.dumps({"job_id": str(uuid4())})


def test_messages_of_finished_jobs_are_not_batch_item_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[UUID] = []
    answer, _ = run(monkeypatch, sqs_event(message(), message()), seen.append)
    assert answer == {"batchItemFailures": []}
    assert len(seen) == 2


@pytest.mark.parametrize(
    "error", [OutOfTime(), Unavailable("database"), ConfigurationError("x"), RuntimeError("x"), KeyError("x")]
)
def test_only_the_failed_message_is_a_batch_item_failure(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    bad = uuid4()

    def run_one(job_id: UUID) -> None:
        if job_id == bad:
            raise error

    event = sqs_event(message(), json.dumps({"job_id": str(bad)}), message())
    answer, _ = run(monkeypatch, event, run_one)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}


@pytest.mark.parametrize("body", ["", "not json", "{}", '{"job_id": "x"}', "[1]"])
def test_an_unrecognized_message_is_left_for_the_dead_letter_queue(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    answer, _ = run(monkeypatch, sqs_event(body), lambda _job_id: None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}


def test_a_failed_message_is_delivered_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    _, deliveries = run(monkeypatch, sqs_event("not json", message()), lambda _job_id: None)
    assert {name: delivery.hidden for name, delivery in deliveries.items() if delivery.hidden} == {
        "message-0": [POLICY.lease.message_retry_s]
    }
