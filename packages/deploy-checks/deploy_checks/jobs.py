"""Runs real jobs through the very archives: every analysis once, on the local stack, wired as this deploy would be."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stack_graph.graph import Rehearsed
from stack_graph.lambdas import SCHEDULE
from stack_graph.wiring import wiring

from deploy_checks import job_watch
from deploy_checks.archive import unpack

READY_WITHIN_S = 60
FINISHED_WITHIN_S = 60
"""They take two seconds on a quiet machine."""
ANSWERED_WITHIN_S = 30
POLL_S = 0.1
AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"
ACCESS = {"authorizationType", "authorizerId", "authorizationScopes"}
"""Of a route: who may call it."""

UNUSABLE = 2
"""The local stack's exit status for a wiring that it cannot interpret: nothing was started."""
FINAL = {"succeeded", "failed", "cancelled"}
OWN_RULE = re.compile(r"type=(?:value|assertion)_error")
"""How pydantic tells of a validator that is written in Python, of which a schema knows nothing."""


@dataclass
class Ran:
    """What came of the jobs."""

    problem: str = ""
    """Empty where every job succeeded."""
    analysis: str = ""
    """Whose job it was, where it was one job's."""
    stored: bool = True
    """False where the job succeeded, and its result cannot be had."""
    raised: list[dict[str, Any]] = field(default_factory=list)
    """The errors that went through the functions' own code, as ``job_watch`` tells them."""
    logged: list[str] = field(default_factory=list)
    outside: set[str] = field(default_factory=set)
    """Hosts out there that the code asked for: it was refused them."""

    @property
    def doubt(self) -> str:
        """Why a problem may be none on AWS; empty where there is no doubt."""
        if self.outside:
            return f"the code asks for {', '.join(sorted(self.outside))}, and nothing is let out"
        if "invalid_output" in self.problem and any(OWN_RULE.search(error["told"]) for error in self.raised):
            return f"the emulator answers by the schema alone, and {self.analysis} has rules of its own besides"
        return ""

    def cause(self) -> dict[str, Any] | None:
        """The last error that is not the functions' own word for another."""
        theirs = [error for error in self.raised if not error["ours"]] or self.raised
        return theirs[-1] if theirs else None


def run(rehearsed: Rehearsed, inputs: Mapping[str, Any]) -> Ran:
    """Start the stack on the unpacked archives, and submit each input to its analysis."""
    ran = Ran()
    with tempfile.TemporaryDirectory(prefix="pre-deploy-jobs-") as temporary:
        folder = Path(temporary)
        task = folder / "task"
        for artifact in rehearsed.artifacts:
            unpack(artifact.path, task)
        shutil.copyfile(job_watch.__file__, task / "sitecustomize.py")
        (folder / "wiring.json").write_text(json.dumps(_wiring(rehearsed)), encoding="utf-8")
        ready = folder / "ready.json"
        command = [sys.executable, "-m", "local_stack", "--port", "0", "--wiring", str(folder / "wiring.json")]
        command += ["--ready-file", str(ready)]
        command += [part for entry in sorted(task.iterdir()) for part in ("--link", f"{entry.name}={entry}")]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(  # noqa: S603
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
        )
        reader = threading.Thread(target=_read, args=(process, ran))
        reader.start()
        try:
            _work(process, ready, inputs, ran)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            reader.join()
    return ran


def _wiring(rehearsed: Rehearsed) -> dict[str, Any]:
    """The stack's, with each schedule's function called once at the start, for nobody waits for its minute; and with an
    API that is open, for a stage's tokens are its provider's to give."""
    made = wiring(rehearsed.graph)
    for name, resource in list(made["resources"].items()):
        if resource["type"] == AUTHORIZER:
            del made["resources"][name]
        resource["inputs"] = {key: value for key, value in resource["inputs"].items() if key not in ACCESS}
        target = resource["inputs"].get("target") if resource["type"] == SCHEDULE else None
        if isinstance(target, dict) and str(target.get("arn", "")).endswith(".arn}"):
            inputs = {"functionName": target["arn"].replace(".arn}", ".name}"), "input": target.get("input", "{}")}
            made["resources"][f"{name}Once"] = {"type": "aws:lambda/invocation:Invocation", "inputs": inputs}
    return made


def _read(process: subprocess.Popen[str], ran: Ran) -> None:
    assert process.stderr is not None  # noqa: S101 - asked for at the start
    with process.stderr as lines:
        for line in lines:
            _, mark, told = line.partition(job_watch.MARK)
            _, away, host = line.partition(job_watch.OUTSIDE)
            if mark:
                ran.raised.append(json.loads(told))
            elif away:
                ran.outside.add(host.strip())
            else:
                ran.logged.append(line.rstrip())


def _work(process: subprocess.Popen[str], ready: Path, inputs: Mapping[str, Any], ran: Ran) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            ran.problem = "" if process.returncode == UNUSABLE else _why_not_started(ran)
            return
        time.sleep(POLL_S)
    api = json.loads(ready.read_text(encoding="utf-8"))["api_url"]
    status, body = _ask(f"{api}/health")
    if status != 200:
        ran.problem = f"GET /health answers {status}: {body}"
        return
    waiting: dict[str, str] = {}
    for analysis, given in inputs.items():
        status, body = _ask(f"{api}/analyze", {"analysis": analysis, "input": given})
        if status == 202:
            waiting[analysis] = f"{api}{body['status_url']}"
        elif status != 422:  # an input that was made up need not please
            ran.problem, ran.analysis = f"POST /analyze for {analysis} answers {status}: {body}", analysis
            return
    _wait(waiting, ran)


def _why_not_started(ran: Ran) -> str:
    words = [line for line in ran.logged if line.startswith("local-stack: ")] or ran.logged[-1:]
    return words[-1].removeprefix("local-stack: ") if words else "the local stack did not start"


def _wait(waiting: dict[str, str], ran: Ran) -> None:
    """Until every job is final, or one has not succeeded with its first attempt: nothing here is away or busy."""
    deadline = time.monotonic() + FINISHED_WITHIN_S
    while waiting:
        for analysis, url in list(waiting.items()):
            ran.analysis = analysis
            status, body = _ask(url)
            error = body.get("error") if isinstance(body, dict) else None
            if status != 200 or body["status"] in FINAL - {"succeeded"}:
                told = f"ends with {error}" if error else f"has a status that is {status}: {body}"
                ran.problem = f"A job of {analysis} {told}"
                return
            if body["status"] == "succeeded":
                _follow(body.get("result_url"), ran)
                del waiting[analysis]
            if ran.problem:
                return
        ended = [line for line in ran.logged if '"attempt ended"' in line and '"outcome": "succeeded"' not in line]
        failed = ended or [line for line in ran.logged if '"level": "ERROR"' in line]
        if failed or time.monotonic() > deadline:
            ran.problem = f"A job does not get done: {failed[0] if failed else f'{body}, after {FINISHED_WITHIN_S} s'}"
            return
        time.sleep(POLL_S)


def _follow(url: object, ran: Ran) -> None:
    status, body = _ask(url) if isinstance(url, str) else (0, "there is no result_url")
    if status != 200:
        ran.problem, ran.stored = f"The result's link answers {status}: {body}", False


def _ask(url: str, body: object = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})  # noqa: S310 - of this machine
    try:
        with urllib.request.urlopen(request, timeout=ANSWERED_WITHIN_S) as answer:  # noqa: S310
            return answer.status, _parsed(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, _parsed(refused.read())
    except OSError as away:
        return 0, str(away)


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode(errors="replace")[:300]
