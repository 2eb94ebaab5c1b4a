"""While the queue or the database is silent, clients get a 503 in time, and afterwards one job for one key."""

import contextlib
import json
import os
import signal
from collections.abc import Iterator

import pytest
from local_stack.running import descendants

from tests.e2e.conftest import Pipeline

pytestmark = pytest.mark.xdist_group("shared-pipeline")
GOOD = {"analysis": "summary", "input": {"text": "Rain is likely."}}


@pytest.fixture(scope="module", autouse=True)
def _warm(pipeline: Pipeline) -> Iterator[None]:
    """Warm environments, and no other jobs: parts of the stack are frozen."""
    pipeline.finished(pipeline.submit("summary", GOOD["input"]))
    pipeline.settle()
    yield
    pipeline.settle()


@contextlib.contextmanager
def frozen(pipeline: Pipeline, service: str) -> Iterator[None]:
    """The service takes connections and does not answer: the worst kind of outage."""
    pid = next(pid for name, pid in pipeline.ready["pids"]["services"].items() if service in name)
    pids = {pid, *descendants(pid)}
    for each in pids:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGCONT)


@pytest.mark.parametrize("service", ["moto", "PostgreSQL"])
def test_a_silent_service_is_a_503_and_a_retry_makes_one_job(pipeline: Pipeline, service: str) -> None:
    before, key = pipeline.jobs(), f"sent-while-{service}-was-silent"
    with frozen(pipeline, service):
        status, headers, body = pipeline.request(
            "POST",
            "/analyze",
            json.dumps(GOOD).encode(),
            {"content-type": "application/json", "idempotency-key": key},
        )
        assert (status, json.loads(body)["title"]) == (503, "Temporarily unavailable")
        assert int(headers["retry-after"]) > 0
    if service == "moto":
        assert pipeline.jobs() == before
    # A database that was silent may still carry out what it was asked; the key finds that job, so it is one.
    status, body = pipeline.post(GOOD, idempotency_key=key)
    assert status == 202
    assert pipeline.finished(body["id"])["attempts"] == 1
    assert pipeline.jobs() == before + 1


def test_health_names_the_service_that_is_down(pipeline: Pipeline) -> None:
    with frozen(pipeline, "moto"):
        status, body = pipeline.get("/health")
    assert (status, body["status"], body["checks"]["queue"], body["checks"]["database"]) == (503, "down", "down", "ok")
    assert pipeline.get("/health")[0] == 200
