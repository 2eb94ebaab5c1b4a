"""While the queue or the database does not respond, clients get a 503 in time. A retry with the key gets one job."""

import contextlib
import json
import os
import signal
from collections.abc import Iterator

import pytest
from local_stack.running import descendants, until

from tests.e2e.conftest import Pipeline

pytestmark = pytest.mark.xdist_group("shared-pipeline")
GOOD = {"analysis": "summary", "input": {"text": "Rain is likely."}}


@pytest.fixture(scope="module", autouse=True)
def _warm(pipeline: Pipeline) -> Iterator[None]:
    """Start with warm functions and without jobs, because the tests freeze parts of the stack."""
    pipeline.finished(pipeline.submit("summary", GOOD["input"]))
    pipeline.settle()
    yield
    pipeline.settle()


@contextlib.contextmanager
def frozen(pipeline: Pipeline, service: str) -> Iterator[None]:
    """Freeze a service: it accepts connections and does not respond."""
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
def test_an_unresponsive_service_is_a_503_and_a_retry_gets_one_job(pipeline: Pipeline, service: str) -> None:
    before, key = pipeline.jobs(), f"sent-while-{service}-was-frozen"
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
    # The frozen database may still execute the first request. The key then finds that job, so there is only one.
    status, body = pipeline.post(GOOD, idempotency_key=key)
    assert status == 202
    assert pipeline.finished(body["id"])["attempts"] == 1
    assert pipeline.jobs() == before + 1


def test_health_names_the_service_that_is_down(pipeline: Pipeline) -> None:
    with frozen(pipeline, "moto"):
        until(lambda: pipeline.get("/health")[0] == 503)  # an answer is kept for a few seconds
        status, body = pipeline.get("/health")
    assert (status, body["status"], body["checks"]["queue"], body["checks"]["database"]) == (503, "down", "down", "ok")
    until(lambda: pipeline.get("/health")[0] == 200)
