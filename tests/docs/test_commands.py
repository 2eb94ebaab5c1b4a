"""The commands of the README and the documentation run, and print what the pages state."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.docs.commands import MARKER, NOT_RUN, ROOT, Block, commands, files

START_SECONDS = 60.0
JOB_SECONDS = 30.0
COMMAND_SECONDS = 100.0
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TEST_FILE = re.compile(r"\b(?:packages/[\w-]+/)?tests/[\w/]+\.py\b")

SHELL = [block for block in commands() if MARKER.fullmatch(block.marker)]


@dataclass(frozen=True, slots=True)
class Stack:
    """A running local stack with the analyses that the pages add, and the id of a finished job."""

    ready: dict[str, Any]
    job_id: str

    def addressed(self, text: str) -> str:
        """Commands with this stack's addresses in place of those on the page."""
        text = text.replace("http://127.0.0.1:8787", self.ready["api_url"])
        text = text.replace("http://127.0.0.1:8788", self.ready["bedrock_endpoint_url"])
        for command in ("./scripts/redrive.sh", "./scripts/erase.sh"):
            text = text.replace(command, f"{command} --endpoint-url {self.ready['lambda_endpoint_url']}")
        return UUID.sub(self.job_id, text)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("documented")
    package = directory / "pipeline"
    shutil.copytree(ROOT / "functions/pipeline", package, ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in files().items():
        (directory / Path(path).relative_to("functions")).write_text(text, encoding="utf-8")
    ready_file = directory / "ready.json"
    links = (f"pipeline={package}", f"database/migrations={ROOT / 'database/migrations'}")
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(ROOT / ".venv/bin/local-stack", "--root", ROOT, "--port", "0", "--ready-file", ready_file),
                *(argument for link in links for argument in ("--link", link)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        ready = json.loads(_until(lambda: ready_file.read_text() if ready_file.exists() else "", START_SECONDS))
        yield Stack(ready, _finished_job(ready["api_url"]))
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _finished_job(api_url: str) -> str:
    body = {"analysis": "summary", "input": {"text": "The boiler failed on Monday."}}
    request = urllib.request.Request(  # noqa: S310 - the local stack's URL
        f"{api_url}/analyze", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    job_id: str = _json(request)["id"]
    status = urllib.request.Request(f"{api_url}/status/{job_id}")  # noqa: S310 - the local stack's URL
    _until(lambda: _json(status)["status"] == "succeeded", JOB_SECONDS)
    return job_id


def _json(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the local stack's URL
        return json.load(answer)


def _until(condition: Any, seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "the local stack was not ready in time"
        time.sleep(0.1)
    return value


@pytest.mark.parametrize("block", commands(), ids=str)
def test_each_block_is_run_or_has_a_reason(block: Block) -> None:
    reason = NOT_RUN.fullmatch(block.marker)
    assert reason or MARKER.fullmatch(block.marker), f"{block}: mark the block, see tests/docs/commands.py"
    for path in TEST_FILE.findall(reason["reason"] if reason else ""):
        assert (ROOT / path).is_file(), f"{block}: {path} does not exist"


@pytest.mark.parametrize("block", [block for block in SHELL if block.marker.startswith("run with")], ids=str)
@pytest.mark.xdist_group("documented-stack")  # one stack, where the scheduler keeps groups together
def test_a_block_runs_against_the_local_stack(block: Block, stack: Stack) -> None:
    try:
        _run(block, stack.addressed(block.text))
    finally:
        _clear_plan(stack)


@pytest.mark.parametrize("block", [block for block in SHELL if not block.marker.startswith("run with")], ids=str)
def test_a_block_runs_in_the_checkout(block: Block) -> None:
    _run(block, block.text)


def _run(block: Block, commands: str) -> None:
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        env={**os.environ, "PATH": f"{ROOT / '.tools/bin'}:{os.environ['PATH']}"},
    )
    assert ran.returncode == 0, ran.stderr
    marker = MARKER.fullmatch(block.marker)
    assert marker
    assert (marker["prints"] or "") in ran.stdout


def _clear_plan(stack: Stack) -> None:
    url = f"{stack.ready['bedrock_endpoint_url']}/_emulator/plan"
    urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=10).close()  # noqa: S310 - local
