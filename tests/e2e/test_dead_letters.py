"""Dead letters of a release whose worker fails on every message, and the redrive of the jobs after the rollback."""

import json
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from local_stack.running import until

from tests.e2e.conftest import ROOT, Pipeline, running

UNKNOWN = "00000000-0000-4000-8000-000000000000"
JUNK = "not a job message: s3cret-words"


def wiring(directory: Path, *, broken: bool) -> Path:
    """The stack's wiring. If ``broken``, that of a release whose worker fails before it reads a message."""
    wired: dict[str, Any] = json.loads((ROOT / "infra" / "wiring.json").read_text(encoding="utf-8"))
    if broken:
        wired["resources"]["Worker"]["inputs"]["environment"]["variables"]["DB_PORT"] = "none"
        wired["resources"]["Jobs"]["inputs"]["visibilityTimeoutSeconds"] = 1  # an hour otherwise
    file = directory / f"wiring-{broken}.json"
    file.write_text(json.dumps(wired), encoding="utf-8")
    return file


def redrive(pipeline: Pipeline, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [ROOT / "scripts" / "redrive.sh", "--endpoint-url", pipeline.ready["lambda_endpoint_url"], *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.timeout(240)
def test_undeliverable_messages_are_recorded_and_their_job_runs_again(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with running(tmp_path, "--data-dir", state, "--wiring", str(wiring(tmp_path, broken=True))) as pipeline:
        job_id = pipeline.submit("summary", {"text": "Rain is likely."})
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": pipeline.ready["region"]}
        sqs = boto3.client("sqs", endpoint_url=pipeline.ready["aws_endpoint_url"], **keys)
        queue = next(url for url in sqs.list_queues()["QueueUrls"] if "DeadLetter" not in url)
        for body in (JUNK, json.dumps({"job_id": UNKNOWN})):
            sqs.send_message(QueueUrl=queue, MessageBody=body)
        failed = pipeline.finished(job_id)
        assert (failed["status"], failed["error"]["code"], failed["attempts"]) == ("failed", "attempts_exhausted", 0)
        assert "delivered 5 times" in failed["error"]["message"]

        recorded = until(
            lambda: (rows := pipeline.rows("SELECT job_id::text, outcome FROM dead_letters")) * (len(rows) > 2)
        )
        outcomes = {outcome: job for job, outcome in recorded}
        assert outcomes == {"job_failed": job_id, "job_missing": UNKNOWN, "unrecognized": None}
        # Each message was delivered exactly maxReceiveCount times.
        failed_deliveries = [
            line for line in pipeline.log().splitlines() if "event source:" in line and "DB_PORT" in line
        ]
        assert len(failed_deliveries) == 3 * 5
        assert JUNK not in pipeline.log()

    with running(tmp_path, "--data-dir", state, "--wiring", str(wiring(tmp_path, broken=False))) as pipeline:
        listed = redrive(pipeline, "list")
        assert listed.returncode == 0, listed.stderr
        assert "failed jobs: 1 attempts_exhausted" in listed.stdout
        assert job_id in listed.stdout
        preview = redrive(pipeline, "all", "--since", "1h", "--because", "rolled back", "--dry-run")
        assert f"would run {job_id} again" in preview.stdout
        assert pipeline.jobs() == 1

        done = redrive(pipeline, "all", "--since", "1h", "--because", "rolled back")
        assert done.returncode == 0, done.stderr
        failed = pipeline.get(f"/status/{job_id}")[1]
        new_id = failed["redriven_as"]
        assert done.stdout == f"{job_id}  redriven  {new_id}\n"
        succeeded = pipeline.finished(new_id)
        assert (failed["status"], succeeded["status"], succeeded["redrive_of"]) == ("failed", "succeeded", job_id)
        assert succeeded["result"]
        ((new, old, reason),) = pipeline.rows("SELECT job_id::text, redrive_of::text, reason FROM redrives")
        assert (new, old, reason) == (new_id, job_id, "rolled back")

        again = redrive(pipeline, "jobs", job_id, "--because", "by mistake")
        assert (again.returncode, again.stdout) == (1, f"{job_id}  already_redriven  {new_id}\n")
        assert pipeline.jobs() == 2
