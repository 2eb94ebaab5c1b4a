"""The API handler with its use cases on fakes. ``tests/unit/conftest.py`` makes it the fixture ``harness``."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from pipeline.jobs import bootstrap
from pipeline.jobs.handlers import api
from pipeline.jobs.services.cancel_job import CancelJob
from pipeline.jobs.services.check_health import CheckHealth
from pipeline.jobs.services.erase_job import EraseJob
from pipeline.jobs.services.get_job import GetJob
from pipeline.jobs.services.list_jobs import ListJobs
from pipeline.jobs.services.submit_job import SubmitJob

from tests.support.events import analyze_event, http_event
from tests.support.fakes import FakeClock, FakeQueue, FakeResults, FixedConfiguration, InMemoryJobStore
from tests.support.jobs import ANALYSES

CONTEXT = SimpleNamespace(aws_request_id="11111111-2222-3333-4444-555555555555")
HEALTH_KEPT_S = 5
GOOD = {"analysis": "mood", "input": {"text": "fine"}}


class Harness:
    """The API handler with its use cases on fakes."""

    def __init__(self) -> None:
        self.store = InMemoryJobStore(FakeClock())
        self.queue = FakeQueue()
        self.configuration = FixedConfiguration()
        self.seconds = 0.0
        self.use_cases: dict[str, Any] = {
            "submit_job": SubmitJob(self.store, self.queue, self.configuration, ANALYSES),
            "get_job": GetJob(self.store, FakeResults()),
            "list_jobs": ListJobs(self.store),
            "cancel_job": CancelJob(self.store),
            "erase_job": EraseJob(self.store),
            "check_health": CheckHealth(
                "test", {"database": self.store.ping, "queue": self.queue.ping}, HEALTH_KEPT_S, lambda: self.seconds
            ),
            "analyses": ANALYSES,
            "authorization": "open",
        }

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the handler use these use cases, also those that a test replaces later."""
        for name in self.use_cases:
            monkeypatch.setattr(bootstrap, name, lambda name=name: self.use_cases[name])

    def call(self, event: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        response = api.handler(event, CONTEXT)
        return response["statusCode"], json.loads(response["body"]), response["headers"]

    def refused(self, event: dict[str, Any]) -> tuple[int, Any]:
        """The status and the problem document of a refused request, which leaves no job and no message."""
        status, body, headers = self.call(event)
        assert headers["content-type"] == "application/problem+json"
        assert body["status"] == status
        assert body.keys() >= {"type", "title", "detail"}
        assert self.store.rows == {}
        assert self.queue.sent == []
        return status, body

    def refused_detail(self, event: dict[str, Any]) -> str:
        """The explanation of a body that is not readable as JSON."""
        status, problem = self.refused(event)
        assert status == 400
        return str(problem["detail"])

    def submit(self, **authorizer: Any) -> str:
        event = analyze_event({**GOOD, "metadata": {"ticket": "A-17"}})
        if authorizer:
            event["requestContext"]["authorizer"] = authorizer
        return str(self.call(event)[1]["id"])

    def status(self, job_id: str, **authorizer: Any) -> tuple[int, Any, dict[str, str]]:
        event = http_event("GET /status/{id}", path=f"/status/{job_id}", parameters={"id": job_id})
        if authorizer:
            event["requestContext"]["authorizer"] = authorizer
        return self.call(event)
