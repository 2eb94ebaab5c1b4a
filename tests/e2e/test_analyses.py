"""Every analysis, over HTTP, with real documents."""

import hashlib
import json
import urllib.request
from typing import Any

import pytest
from pipeline import analyses
from pipeline.models.catalogue import shipped_catalogue
from pipeline.models.prices import Usage

from tests.e2e.conftest import Pipeline

pytestmark = pytest.mark.xdist_group("shared-pipeline")
GAP = {
    "office": {"id": "nyc-1", "timezone": "America/New_York"},
    "gap": {"starts_at": "2026-12-01T09:00:00", "duration_minutes": 60, "reported_at": "2026-12-01T12:30:00Z"},
    "patients": [
        {"id": "p-1", "procedure_minutes": 60, "priority": "normal"},
        {"id": "p-2", "procedure_minutes": 30, "priority": "high"},
        {"id": "p-3", "procedure_minutes": 90, "priority": "urgent"},
    ],
}


def check(body: dict[str, Any]) -> None:
    """Assert that a job has succeeded, that its result is valid and stored in S3, and that its cost is recorded."""
    assert body["status"] == "succeeded", body
    assert body["error"] is None
    output_model = analyses.load()[body["analysis"]].output_model
    assert output_model.model_validate_json(json.dumps(body["result"])).model_dump(mode="json") == body["result"]
    with urllib.request.urlopen(body["result_url"], timeout=5) as stored:  # noqa: S310 - the link that a client gets
        content = stored.read()
    assert json.loads(content) == body["result"]
    assert hashlib.sha256(content).hexdigest() == body["result_sha256"]
    usage = body["usage"]
    assert usage["input_tokens"] > 0
    assert usage["output_tokens"] > 0
    price = shipped_catalogue().find(body["model"]).price
    tokens = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    cost = price.of_call(Usage(*(usage[name] for name in tokens)))
    assert usage["cost_usd"] == pytest.approx(float(cost))
    assert body["created_at"] <= body["started_at"] <= body["finished_at"]


def test_a_hundred_complaints_are_triaged(pipeline: Pipeline, complaints: list[dict[str, Any]]) -> None:
    jobs = {
        complaint["complaint_id"]: pipeline.submit(
            "complaint-triage",
            {"narrative": complaint["narrative"]},
            metadata={"complaint_id": complaint["complaint_id"]},
        )
        for complaint in complaints
    }
    assert len(set(jobs.values())) == 100
    tokens = set()
    for complaint_id, job_id in jobs.items():
        body = pipeline.finished(job_id)
        check(body)
        assert body["metadata"] == {"complaint_id": complaint_id}
        assert body["attempts"] == 1
        tokens.add(body["usage"]["input_tokens"])
    assert len(tokens) > 50  # the counts depend on the documents


def test_a_summary_uses_the_requested_model_and_parameters(pipeline: Pipeline) -> None:
    text = "The boiler on floor three failed on Monday. Two flats had no heat. A new valve is on order."
    parameters = {"temperature": 0.5, "max_tokens": 500}
    body = pipeline.finished(pipeline.submit("summary", {"text": text}, model="fast", parameters=parameters))
    check(body)
    assert body["model"] == "us.amazon.nova-micro-v1:0"


def test_a_gap_is_classified_in_the_offices_time_and_patients_are_ranked(pipeline: Pipeline) -> None:
    body = pipeline.finished(pipeline.submit("gap-optimization", GAP))
    check(body)
    written = json.dumps(body["result"])
    assert body["result"]["notice_minutes"] == 90  # 09:00 in New York is 14:00 UTC
    assert all(patient in written for patient in ("p-1", "p-2", "p-3"))


def test_a_job_can_request_a_model_by_every_alias(pipeline: Pipeline) -> None:
    jobs = [
        pipeline.submit("summary", {"text": "Rain is likely."}, model=alias) for alias in shipped_catalogue().aliases
    ]
    for job_id in jobs:
        check(pipeline.finished(job_id))


def test_a_job_can_request_a_model_by_its_id(pipeline: Pipeline) -> None:
    current = [model.id for model in shipped_catalogue().models if model.lifecycle.state != "end_of_life"]
    jobs = [pipeline.submit("summary", {"text": "Rain is likely."}, model=model_id) for model_id in current]
    for job_id in jobs:
        check(pipeline.finished(job_id))
