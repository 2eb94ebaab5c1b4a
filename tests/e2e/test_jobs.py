"""Listing jobs, and cancelling queued and running ones."""

import json
from typing import Any

import pytest
from local_stack.running import until

from tests.e2e.conftest import Pipeline

pytestmark = pytest.mark.xdist_group("shared-pipeline")
SLOW, THROTTLED, EVENTS = "slow-document", "throttled-document", "SELECT event FROM job_events WHERE job_id = "


@pytest.fixture(scope="module", autouse=True)
def _plan(pipeline: Pipeline) -> None:
    """The model is slow for one document and throttles another."""
    pipeline.plan(
        {"match": {"contains": SLOW}, "fault": {"latency_ms": 1_500}},
        {"match": {"contains": THROTTLED}, "fault": {"throttle": True}},
    )


def cancel(pipeline: Pipeline, job_id: str) -> tuple[int, Any]:
    status, _, body = pipeline.request("POST", f"/jobs/{job_id}/cancel")
    return status, json.loads(body)


def events(pipeline: Pipeline, job_id: str) -> list[str]:
    rows = pipeline.rows(f"{EVENTS} CAST(:id AS uuid) ORDER BY id", id=job_id)
    return [event for (event,) in rows]


def test_a_cancelled_queued_job_never_runs_again(pipeline: Pipeline) -> None:
    job_id = pipeline.submit("summary", {"text": f"Rain. {THROTTLED}"})
    until(lambda: "released" in events(pipeline, job_id))
    until(lambda: cancel(pipeline, job_id)[1]["status"] == "cancelled")
    claims = events(pipeline, job_id).count("claimed")
    assert pipeline.finished(pipeline.submit("summary", {"text": "Rain."}))["status"] == "succeeded"
    assert events(pipeline, job_id)[-1] == "cancelled"
    assert events(pipeline, job_id).count("claimed") == claims
    assert pipeline.get(f"/status/{job_id}")[1]["status"] == "cancelled"


def test_the_result_of_a_job_cancelled_while_running_is_refused(pipeline: Pipeline) -> None:
    def refusals() -> int:
        return pipeline.log().count("late result refused")

    before = refusals()
    job_id = pipeline.submit("summary", {"text": f"Rain. {SLOW}"})
    until(lambda: "claimed" in events(pipeline, job_id))
    status, body = cancel(pipeline, job_id)
    assert (status, body["status"]) == (200, "cancelled")
    until(lambda: refusals() > before)
    assert pipeline.get(f"/status/{job_id}")[1]["result"] is None
    assert events(pipeline, job_id) == ["accepted", "claimed", "cancelled"]


def test_a_finished_or_unknown_job_is_not_cancelled(pipeline: Pipeline) -> None:
    done = pipeline.submit("summary", {"text": "Rain."})
    pipeline.finished(done)
    assert cancel(pipeline, done)[0] == 409
    assert cancel(pipeline, "nope")[0] == 404


def test_jobs_are_listed_with_a_cursor(pipeline: Pipeline) -> None:
    ids = [pipeline.submit("summary", {"text": f"Rain {number}."}) for number in range(3)]
    seen: list[str] = []
    path = "/jobs?limit=2"
    while path:
        status, page = pipeline.get(path)
        assert status == 200
        seen += [job["id"] for job in page["jobs"]]
        path = f"/jobs?limit=100&cursor={page['next']}" if page["next"] else ""
    assert seen[:3] == ids[::-1]
    assert len(seen) == len(set(seen)) == pipeline.jobs()
    cancelled = pipeline.get("/jobs?status=cancelled&analysis=summary")[1]["jobs"]
    assert {job["status"] for job in cancelled} <= {"cancelled"}
    assert pipeline.get("/jobs?status=nope")[0] == 422
