"""The lines that handlers and smaller use cases log: operators search for them, and alarms count some of them."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from pipeline.jobs import bootstrap
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.redrive import Redriven, RedriveOutcome, RedriveRequest
from pipeline.jobs.errors import NoSuchJob, OutOfTime
from pipeline.jobs.handlers import api, dead_letter, sweeper, worker
from pipeline.jobs.services.cancel_job import CancelJob
from pipeline.jobs.services.check_health import CheckHealth
from pipeline.jobs.services.get_job import GetJob
from pipeline.jobs.services.record_dead_letter import RecordDeadLetter
from pipeline.jobs.services.redrive_job import RedriveJob
from pipeline.jobs.services.submit_job import SubmitJob
from pipeline.jobs.services.sweep_jobs import SweepJobs
from pipeline.platform.errors import ConfigurationError, Unavailable

from tests.support.events import analyze_event, dead_letter_event, http_event, sqs_event
from tests.support.fakes import FakeClock, FakeDelivery, FakeQueue, FakeResults, FixedConfiguration, InMemoryJobStore
from tests.support.jobs import ANALYSES, new_job
from tests.support.log_lines import LogLines
from tests.support.operator_fakes import InMemoryDeadLetterStore, InMemoryFailedJobs
from tests.support.policy import POLICY
from tests.unit.test_run_job import raising

ROOT = Path(__file__).parents[2]
CONTEXT = SimpleNamespace(aws_request_id="request-1", get_remaining_time_in_millis=lambda: 600_000)
REQUEST = {"analysis": "mood", "input": {"text": "fine"}}


class Harness:
    """A job store, a queue, and the use cases on them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store, self.queue = InMemoryJobStore(self.clock), FakeQueue()

    def queued(self) -> UUID:
        job = new_job()
        self.store.submit(job)
        return job.id


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    harness = Harness()
    submit = SubmitJob(harness.store, harness.queue, FixedConfiguration(), ANALYSES)
    monkeypatch.setattr(bootstrap, "submit_job", lambda: submit)
    monkeypatch.setattr(bootstrap, "authorization", lambda: "open")
    return harness


class TestApi:
    def test_an_accepted_request_is_logged_with_its_job(self, harness: Harness, logged: LogLines) -> None:
        response = api.handler(analyze_event(REQUEST), CONTEXT)
        assert logged.only("accepted") == ("INFO", {"job_id": json.loads(response["body"])["id"]})
        answered = {"route": "POST /analyze", "status": 202, "request_id": "request-1"}
        assert logged.only("answered") == ("INFO", answered)

    @pytest.mark.parametrize(("body", "status"), [("{", 400), ("{}", 422)])
    def test_a_refused_request_is_logged_with_its_status_only(
        self, harness: Harness, logged: LogLines, body: str, status: int
    ) -> None:
        api.handler(analyze_event(body), CONTEXT)
        answered = {"route": "POST /analyze", "status": status, "request_id": "request-1"}
        assert logged.lines == [("INFO", "answered", answered)]

    @pytest.mark.parametrize(
        ("error", "reason", "status"),
        [
            (Unavailable("database"), "database", 503),
            (ConfigurationError("the value of x is wrong"), "the value of x is wrong", 503),
            (RuntimeError("canary-4711"), None, 500),
        ],
    )
    def test_a_failed_request_is_an_error_with_a_reason_that_holds_no_content(
        self,
        harness: Harness,
        logged: LogLines,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
        reason: str | None,
        status: int,
    ) -> None:
        monkeypatch.setattr(harness.store, "submit", raising(error))
        api.handler(analyze_event(REQUEST), CONTEXT)
        request = {"route": "POST /analyze", "request_id": "request-1"}
        assert logged.only("request failed") == (
            "ERROR",
            {**request, "reason": reason, "error_type": type(error).__name__},
        )
        assert logged.only("answered")[1]["status"] == status

    def test_a_dependency_that_is_down_is_an_error_with_its_name(
        self, logged: LogLines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        check = CheckHealth("test", {"database": lambda: None, "queue": raising(Unavailable("queue"))}, kept_s=0)
        monkeypatch.setattr(bootstrap, "check_health", lambda: check)
        response = api.handler(http_event("GET /health"), CONTEXT)
        assert response["statusCode"] == 503
        assert logged.only("dependency down") == ("ERROR", {"dependency": "queue", "error_type": "Unavailable"})


class TestWorkers:
    def run(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> FakeDelivery:
        delivery = FakeDelivery()
        monkeypatch.setattr(bootstrap, "run_job", lambda: SimpleNamespace(run=raising(error)))
        monkeypatch.setattr(bootstrap, "delivery", lambda _handle: delivery)
        worker.handler(sqs_event(json.dumps({"job_id": str(uuid4())})), CONTEXT)
        return delivery

    def test_a_message_left_for_lack_of_time_is_no_error(
        self, logged: LogLines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        delivery = self.run(monkeypatch, OutOfTime())
        assert logged.only("message left") == ("INFO", {"message_id": "message-0", "reason": "out of time"})
        assert delivery.hidden == [POLICY.lease.message_retry_s]

    def test_a_message_left_after_an_error_is_one(self, logged: LogLines, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run(monkeypatch, RuntimeError("canary-4711"))
        assert logged.only("message left") == ("ERROR", {"message_id": "message-0", "error_type": "RuntimeError"})
        assert "canary-4711" not in str(logged.lines)

    def test_the_message_of_a_job_names_its_group(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[tuple[Any, Any, Any]] = []
        monkeypatch.setattr(bootstrap, "run_job", lambda: SimpleNamespace(run=lambda *given: seen.append(given)))
        monkeypatch.setattr(bootstrap, "delivery", lambda handle: handle)
        job_id = uuid4()
        event = sqs_event(json.dumps({"job_id": str(job_id)}))
        event["Records"][0]["attributes"]["MessageGroupId"] = "group"
        assert worker.handler(event, CONTEXT) == {"batchItemFailures": []}
        ((message, delivery, _),) = seen
        assert (message.job_id, message.group, delivery) == (job_id, "group", "handle-0")


class TestDeadLetters:
    def test_a_dead_letter_is_logged_with_its_effect(self, harness: Harness, logged: LogLines) -> None:
        job_id, dead_letters = harness.queued(), InMemoryDeadLetterStore(harness.store, harness.clock)
        bootstrapped = RecordDeadLetter(dead_letters, 5)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bootstrap, "record_dead_letter", lambda: bootstrapped)
            dead_letter.handler(dead_letter_event(json.dumps({"job_id": str(job_id)})), None)
        fields = {"message_id": "message-0", "job_id": str(job_id), "outcome": "job_failed"}
        assert logged.only("dead letter recorded") == ("WARNING", fields)
        (record,) = dead_letters.list_records(None, 10)
        assert record.deliveries == 5

    def test_one_that_cannot_be_recorded_is_an_error(self, logged: LogLines, monkeypatch: pytest.MonkeyPatch) -> None:
        broken = SimpleNamespace(run=raising(Unavailable("database")))
        monkeypatch.setattr(bootstrap, "record_dead_letter", lambda: broken)
        dead_letter.handler(dead_letter_event("{}"), None)
        fields = {"message_id": "message-0", "error_type": "Unavailable"}
        assert logged.only("dead letter not recorded") == ("ERROR", fields)


class TestUseCases:
    def test_a_cancel_is_logged_once(self, harness: Harness, logged: LogLines) -> None:
        job_id = harness.queued()
        for _ in range(2):
            CancelJob(harness.store).run(str(job_id), "a")
        assert logged.lines == [("INFO", "cancelled", {"job_id": str(job_id), "attempt": 0})]

    @pytest.mark.parametrize("given", ["", "nope", "{00000000-0000-0000-0000-000000000001}", str(UUID(int=1))])
    def test_an_unknown_job_is_neither_cancelled_nor_logged(
        self, harness: Harness, logged: LogLines, given: str
    ) -> None:
        with pytest.raises(NoSuchJob):
            CancelJob(harness.store).run(given, "a")
        assert logged.lines == []

    def test_the_store_is_not_asked_for_a_malformed_id(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        """PostgreSQL would refuse the statement, and the API would answer with a 500."""
        for question in ("get", "cancel"):
            monkeypatch.setattr(harness.store, question, raising(AssertionError("asked")))
        for run in (CancelJob(harness.store).run, GetJob(harness.store, FakeResults()).run):
            with pytest.raises(NoSuchJob):
                run("nope", "a")

    @pytest.mark.parametrize("outcome", [RedriveOutcome.NO_SUCH_JOB, RedriveOutcome.ALREADY_REDRIVEN])
    def test_a_refused_redrive_sends_nothing(self, harness: Harness, logged: LogLines, outcome: RedriveOutcome) -> None:
        before = UUID(int=3) if outcome is RedriveOutcome.ALREADY_REDRIVEN else None
        failed: Any = SimpleNamespace(redrive=lambda *_: Redriven(outcome, before, "a"))
        RedriveJob(failed, harness.store, harness.queue).run(uuid4(), RedriveRequest("a", "b", "c", again=False))
        assert (harness.queue.sent, logged.lines) == ([], [])

    def test_the_sweepers_answer_is_the_number_of_messages_and_erasures(
        self, harness: Harness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        harness.queued()
        harness.clock.forward(POLICY.sweep.overdue_s + 1)
        sweep = SweepJobs(harness.store, harness.queue, POLICY.sweep)
        monkeypatch.setattr(bootstrap, "sweep_jobs", lambda: sweep)
        monkeypatch.setattr(bootstrap, "report_spending", lambda: SimpleNamespace(run=lambda: None))
        monkeypatch.setattr(bootstrap, "enforce_retention", lambda: SimpleNamespace(run=lambda: 2))
        assert sweeper.handler({}, None) == {"resent": 1, "erased": 2}

    def test_a_sweep_resends_every_stranded_job_and_logs_their_number(self, harness: Harness, logged: LogLines) -> None:
        sweep = SweepJobs(harness.store, harness.queue, POLICY.sweep)
        assert sweep.run() == 0
        assert logged.lines == []
        jobs = {harness.queued() for _ in range(3)}
        harness.clock.forward(POLICY.sweep.overdue_s + 1)
        assert sweep.run() == 3
        assert {job_id for job_id, _ in harness.queue.sent} == jobs
        assert logged.lines == [("WARNING", "stranded jobs sent again", {"resent": 3})]
        assert sweep.run() == 0

    def test_a_sweep_sends_no_more_than_fits_its_time(self, harness: Harness) -> None:
        for _ in range(3):
            harness.queued()
        harness.clock.forward(POLICY.sweep.overdue_s + 1)
        few = SweepJobs(harness.store, harness.queue, POLICY.sweep.__class__(jobs_per_sweep=2))
        assert [few.run(), few.run()] == [2, 1]

    def test_a_redrive_is_logged_with_both_jobs_and_its_request(self, harness: Harness, logged: LogLines) -> None:
        job_id = harness.queued()
        harness.store.claim(job_id, 60)
        harness.store.fail(job_id, 1, Failure.of(FailureCode.MODEL_FAILED))
        harness.queue.down = True
        redrive = RedriveJob(InMemoryFailedJobs(harness.store), harness.store, harness.queue)
        done = redrive.run(job_id, RedriveRequest("alex", "why", "request-1", again=False))
        new = str(done.job_id)
        fields = {"job_id": new, "redrive_of": str(job_id), "request_id": "request-1"}
        assert logged.only("redriven") == ("INFO", fields)
        assert logged.only("not enqueued yet") == ("WARNING", {"job_id": new, "dependency": "queue"})
