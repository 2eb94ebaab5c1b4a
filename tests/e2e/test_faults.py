"""Failures of the model and of the worker in the middle of a job."""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from local_stack.running import until

from tests.e2e.conftest import ROOT, Pipeline, running
from tests.support.policy import POLICY

BUCKET = json.loads((ROOT / "infra" / "wiring.json").read_text())["resources"]["Results"]["inputs"]["bucket"]
KILLED = "killed"
TRANSIENT: dict[str, tuple[dict[str, object], int]] = {
    "throttled twice": ({"throttle": True}, 2),
    "unavailable": ({"error": "ServiceUnavailableException"}, 1),
    "dropped before": ({"hang_up": "before"}, 1),
    "dropped in the middle": ({"hang_up": "middle"}, 1),
    "model error": ({"error": "ModelErrorException"}, 1),
}
"""Transient faults, with the number of attempts that each costs."""
INVALID: dict[str, dict[str, object]] = {
    "a field missing": {"invalid_json": "missing"},
    "a wrong type": {"invalid_json": "type"},
    "text": {"not_a_tool": True},
}
"""Faults that make an answer invalid. The model is asked for a correction within the attempt."""
PERMANENT: dict[str, tuple[dict[str, object], str]] = {
    "never valid": ({"invalid_json": "missing"}, "invalid_output"),
    "cut off": ({"truncate": True}, "output_truncated"),
    "blocked": ({"stop_reason": "guardrail_intervened"}, "content_blocked"),
    "denied": ({"error": "AccessDeniedException"}, "model_access_denied"),
    "always broken": ({"error": "InternalServerException"}, "model_failed"),
}
"""Faults that fail the job, with its error code."""


def rule(name: str, fault: dict[str, object], times: int | None = None) -> dict[str, object]:
    return {"match": {"contains": f"case {name}."}, "fault": fault, **({"times": times} if times else {})}


def submit(pipeline: Pipeline, name: str) -> str:
    return pipeline.submit("summary", {"text": f"case {name}. Rain is likely."})


def in_flight(pipeline: Pipeline) -> int:
    with urllib.request.urlopen(f"{pipeline.ready['bedrock_endpoint_url']}/_emulator/calls", timeout=5) as answer:  # noqa: S310
        return int(json.load(answer)["in_flight"])


def kill_workers(pipeline: Pipeline) -> None:
    for pid in pipeline.processes():
        with suppress(FileNotFoundError), open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - it may have ended
            if b"_HANDLER=pipeline/jobs/handlers/worker.handler\0" in file.read():
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A pipeline for this module only: its model fails, and its workers are killed."""
    with running(tmp_path_factory.mktemp("faulty")) as started:
        started.plan(
            rule(KILLED, {"hang": True}, 1),
            *(rule(name, fault, times) for name, (fault, times) in TRANSIENT.items()),
            *(rule(name, fault, 1) for name, fault in INVALID.items()),
            *(rule(name, fault) for name, (fault, _code) in PERMANENT.items()),
        )
        yield started


@pytest.fixture(scope="module")
def jobs(pipeline: Pipeline) -> dict[str, str]:
    """The jobs of all cases, which run concurrently. The worker of one job is killed during a model call."""
    killed = submit(pipeline, KILLED)
    until(lambda: in_flight(pipeline) == 1)
    kill_workers(pipeline)
    return {KILLED: killed, **{name: submit(pipeline, name) for name in (*TRANSIENT, *INVALID, *PERMANENT)}}


def ended(pipeline: Pipeline, job_id: str) -> dict[str, Any]:
    body = pipeline.finished(job_id, 3 * POLICY.lease.lease_s)
    finals = "SELECT count(*) FROM job_events WHERE job_id = CAST(:id AS uuid) AND to_status IN ('succeeded', 'failed')"
    assert pipeline.rows(finals, id=job_id) == [[1]]  # it ended once
    return body


@pytest.mark.parametrize("name", TRANSIENT)
def test_a_transient_fault_is_retried(pipeline: Pipeline, jobs: dict[str, str], name: str) -> None:
    body = ended(pipeline, jobs[name])
    assert (body["status"], body["attempts"]) == ("succeeded", TRANSIENT[name][1] + 1)


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_answer_is_corrected_and_billed(pipeline: Pipeline, jobs: dict[str, str], name: str) -> None:
    body = ended(pipeline, jobs[name])
    assert (body["status"], body["attempts"]) == ("succeeded", 1)
    without_fault = pipeline.finished(submit(pipeline, "none"))
    assert body["usage"]["input_tokens"] > 2 * without_fault["usage"]["input_tokens"]


@pytest.mark.parametrize("name", PERMANENT)
def test_a_job_that_cannot_succeed_fails_with_its_code(pipeline: Pipeline, jobs: dict[str, str], name: str) -> None:
    body = ended(pipeline, jobs[name])
    assert (body["status"], body["error"]["code"], body["result"]) == ("failed", PERMANENT[name][1], None)


def test_a_killed_worker_costs_an_attempt_and_the_job_ends_once(pipeline: Pipeline, jobs: dict[str, str]) -> None:
    job_id = jobs[KILLED]
    body = ended(pipeline, job_id)
    assert (body["status"], body["attempts"]) == ("succeeded", 2)
    events = "SELECT event, attempt FROM job_events WHERE job_id = CAST(:id AS uuid) ORDER BY id"
    assert pipeline.rows(events, id=job_id) == [["accepted", 0], ["claimed", 1], ["claimed", 2], ["succeeded", 2]]
    stored = pipeline.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"results/{job_id}/")
    assert [found["Key"] for found in stored["Contents"]] == [f"results/{job_id}/2.json"]


def test_state_survives_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("kept")
    with running(directory, "--data-dir", str(directory / "data")) as first:
        done = first.finished(submit(first, "done"))
        first.plan(rule("later", {"throttle": True}))
        waiting = submit(first, "later")
        until(
            lambda: first.rows(
                "SELECT id FROM jobs WHERE status = 'queued' AND attempt > 0 AND enqueued_at IS NOT NULL"
            )
        )
    with running(directory, "--data-dir", str(directory / "data")) as second:
        again = second.get(f"/status/{done['id']}")[1]
        assert again["result"] == done["result"]
        assert second.finished(waiting)["status"] == "succeeded"
