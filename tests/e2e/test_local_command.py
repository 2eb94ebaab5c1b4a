"""``./scripts/local.sh`` as a command: its output, its exit statuses, and the end of its processes."""

import json
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from local_stack.running import alive, until

from tests.e2e.conftest import ROOT, Pipeline, running

LOCAL = ROOT / "scripts" / "local.sh"


def once(file: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LOCAL, "--once", file], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def test_once_prints_only_the_final_status(tmp_path: Path, complaints: list[dict[str, Any]]) -> None:
    request = {"analysis": "complaint-triage", "input": {"narrative": complaints[0]["narrative"]}}
    (tmp_path / "request.json").write_text(json.dumps(request))
    done = once(Path("request.json"), tmp_path)
    body = json.loads(done.stdout)
    assert (done.returncode, body["status"]) == (0, "succeeded")
    assert "emulator" in done.stderr


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        ('{"analysis": "none", "input": {}}', 1, "Unknown analysis"),
        (None, 2, "No such file"),
    ],
)
def test_once_reports_the_error(tmp_path: Path, text: str | None, status: int, reason: str) -> None:
    if text is not None:
        (tmp_path / "request.json").write_text(text)
    done = once(tmp_path / "request.json", tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert reason in done.stderr


def test_a_port_in_use_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        done = subprocess.run([LOCAL, "--port", port], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert f"port {port} is in use" in done.stderr


def test_a_killed_stack_leaves_no_process(tmp_path: Path) -> None:
    """See packages/local-stack/tests/test_lifecycle.py for the other signals."""
    with running(tmp_path) as pipeline:
        everything = pipeline.processes()
        assert len(everything) > 5
        pipeline.end(signal.SIGKILL)
        until(lambda: not alive(everything), 10)


@pytest.mark.xdist_group("shared-pipeline")
def test_the_shipped_example_is_a_valid_request(pipeline: Pipeline) -> None:
    body = json.loads((ROOT / "scripts" / "examples" / "complaint.json").read_text(encoding="utf-8"))
    status, accepted = pipeline.post(body)
    assert status == 202
    assert pipeline.finished(accepted["id"])["status"] == "succeeded"
