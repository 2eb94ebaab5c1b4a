"""Runs a job of every analysis from the archives, on a local stack with the resources of this deploy."""

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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from local_stack.signing import signed
from stack_graph.graph import Rehearsed
from stack_graph.lambdas import SCHEDULE, calls
from stack_graph.wiring import wiring

from deploy_checks import job_watch
from deploy_checks.archive import contents, unpack

READY_WITHIN_S = 60
FINISHED_WITHIN_S = 60
"""A job takes 2 s on a quiet machine."""
ANSWERED_WITHIN_S = 30
POLL_S = 0.1
AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"
TOKENS = {"authorizerId", "authorizationScopes"}
"""Properties of a route whose callers need a token."""

SERVED = {"bedrock-runtime", "s3", "secretsmanager", "sqs", "ssm", "sts"}
"""Services that the local stack has, by boto3's names."""
UNUSABLE = 2
"""Exit status of the local stack for a wiring that it cannot interpret: it started nothing."""
FINAL = {"succeeded", "failed", "cancelled"}
OWN_RULE = re.compile(r"type=(?:value|assertion)_error")
"""pydantic's errors from validators written in Python, which no schema contains."""


@dataclass
class Outcome:
    """The outcome of the jobs."""

    problem: str = ""
    """Empty if every job succeeded."""
    analysis: str = ""
    """The analysis of the job that failed, if it was one job."""
    stored: bool = True
    """False if the job succeeded and its result cannot be downloaded."""
    raised: list[dict[str, Any]] = field(default_factory=list)
    """Errors that passed through the functions' code, as ``job_watch`` reports them."""
    handled: int = 0
    """Number of those before the first job: a start tries until the services and the roles are ready."""
    logged: list[str] = field(default_factory=list)
    outside: set[str] = field(default_factory=set)
    """Hosts on other machines that the code tried to reach: the connections were refused."""
    unusable: bool = False
    """Whether the local stack cannot interpret the wiring, so that nothing ran."""
    unserved: list[str] = field(default_factory=list)
    """Services that the code uses and the local stack does not have."""

    @property
    def doubt(self) -> str:
        """The reason why a problem may not occur on AWS; empty if it certainly does."""
        if self.unusable:
            return self.problem
        if self.unserved:
            return f"the code uses {', '.join(self.unserved)}, which the local stack does not have"
        if self.outside:
            return (
                f"the code connects to {', '.join(sorted(self.outside))}, and connections to other machines are refused"
            )
        if "invalid_output" in self.problem and any(OWN_RULE.search(error["message"]) for error in self.raised):
            return f"the emulator's answers follow the schema alone, and {self.analysis} has validators besides"
        return ""

    def cause(self) -> dict[str, Any] | None:
        """The last error that the functions' code did not define: one that it defines stands for another."""
        raised = self.raised[self.handled :] or self.raised
        theirs = [error for error in raised if not error["own_type"]] or raised
        return theirs[-1] if theirs else None


@dataclass(frozen=True)
class Job:
    """A job to run."""

    analysis: str
    input: Any
    largest: bool = False
    """Whether no input of the analysis is larger."""

    def __str__(self) -> str:
        return f"{self.analysis} with the largest input" if self.largest else self.analysis


def run(rehearsed: Rehearsed, jobs: Sequence[Job]) -> Outcome:
    """Start the stack on the unpacked archives, and run the jobs there."""
    used = {call.service for function, _ in rehearsed.functions() for call in calls(rehearsed.root, function)}
    outcome = Outcome(unserved=sorted(used - SERVED))
    with tempfile.TemporaryDirectory(prefix="pre-deploy-jobs-") as temporary:
        folder = Path(temporary)
        task = folder / "task"
        for path in {contents(artifact.path).shared: artifact.path for artifact in rehearsed.artifacts}.values():
            unpack(path, task)
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
        reader = threading.Thread(target=_read, args=(process, outcome))
        reader.start()
        try:
            _work(process, ready, jobs, outcome)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            reader.join()
    return outcome


def _wiring(rehearsed: Rehearsed) -> dict[str, Any]:
    """The stack's wiring, with two changes: each schedule's function is invoked once at the start, since a check cannot
    wait for it; and callers sign instead of showing tokens, which only the stage's provider issues."""
    made = wiring(rehearsed.graph)
    for name, resource in list(made["resources"].items()):
        if resource["type"] == AUTHORIZER:
            del made["resources"][name]
        if TOKENS & resource["inputs"].keys():
            kept = {key: value for key, value in resource["inputs"].items() if key not in TOKENS}
            resource["inputs"] = {**kept, "authorizationType": "AWS_IAM"}
        target = resource["inputs"].get("target") if resource["type"] == SCHEDULE else None
        if isinstance(target, dict) and str(target.get("arn", "")).endswith(".arn}"):
            inputs = {"functionName": target["arn"].replace(".arn}", ".name}"), "input": target.get("input", "{}")}
            made["resources"][f"{name}Once"] = {"type": "aws:lambda/invocation:Invocation", "inputs": inputs}
    return made


def _read(process: subprocess.Popen[str], outcome: Outcome) -> None:
    assert process.stderr is not None  # noqa: S101 - asked for at the start
    with process.stderr as lines:
        for line in lines:
            _, mark, report = line.partition(job_watch.MARK)
            _, outside, host = line.partition(job_watch.OUTSIDE)
            if mark:
                outcome.raised.append(json.loads(report))
            elif outside:
                outcome.outside.add(host.strip())
            else:
                outcome.logged.append(line.rstrip())


def _work(process: subprocess.Popen[str], ready: Path, jobs: Sequence[Job], outcome: Outcome) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            outcome.problem = _why_not_started(outcome)
            outcome.unusable = process.returncode == UNUSABLE
            return
        time.sleep(POLL_S)
    stack = json.loads(ready.read_text(encoding="utf-8"))
    api, ask = stack["api_url"], partial(_ask, region=stack["region"])
    status, body = ask(f"{api}/health")
    while status != 200 and time.monotonic() < deadline:  # its timeouts are AWS's, and this machine may be busy
        time.sleep(POLL_S)
        status, body = ask(f"{api}/health")
    if status != 200:
        outcome.problem = f"GET /health answers {status}: {body}"
        return
    outcome.handled = len(outcome.raised)
    waiting: dict[str, Job] = {}
    for job in jobs:
        status, body = ask(f"{api}/analyze", {"analysis": job.analysis, "input": job.input})
        if status == 202:
            waiting[f"{api}{body['status_url']}"] = job
        elif status != 422 and not (job.largest and status == 413):  # a generated input may be refused
            outcome.problem, outcome.analysis = f"POST /analyze for {job} answers {status}: {body}", job.analysis
            return
    _wait(waiting, outcome, ask)


def _why_not_started(outcome: Outcome) -> str:
    lines = [line for line in outcome.logged if line.startswith("local-stack: ")] or outcome.logged[-1:]
    return lines[-1].removeprefix("local-stack: ") if lines else "the local stack did not start"


def _wait(waiting: dict[str, Job], outcome: Outcome, ask: Callable[[str], tuple[int, Any]]) -> None:
    """Wait until every job is final, or one has not succeeded at its first attempt: every service is available here."""
    deadline = time.monotonic() + FINISHED_WITHIN_S
    while waiting:
        for url, job in list(waiting.items()):
            outcome.analysis = job.analysis
            status, body = ask(url)
            error = body.get("error") if isinstance(body, dict) else None
            if status != 200 or body["status"] in FINAL - {"succeeded"}:
                ending = f"ends with {error}" if error else f"has the status {status}: {body}"
                outcome.problem = f"A job of {job} {ending}"
                return
            if body["status"] == "succeeded":
                _follow(body.get("result_url"), outcome)
                del waiting[url]
            if outcome.problem:
                return
        ended = [line for line in outcome.logged if '"attempt ended"' in line and '"outcome": "succeeded"' not in line]
        failed = ended or [line for line in outcome.logged if '"level": "ERROR"' in line]
        if failed or time.monotonic() > deadline:
            outcome.problem = (
                f"A job does not finish: {failed[0] if failed else f'{body}, after {FINISHED_WITHIN_S} s'}"
            )
            return
        time.sleep(POLL_S)


def _follow(url: object, outcome: Outcome) -> None:
    status, body = _ask(url) if isinstance(url, str) else (0, "there is no result_url")
    if status != 200:
        outcome.problem, outcome.stored = f"The result's link answers {status}: {body}", False


def _ask(url: str, body: object = None, region: str = "") -> tuple[int, Any]:
    """The answer to a request, which is signed if there is a region. A result's link has its own signature."""
    data = None if body is None else json.dumps(body).encode()
    headers = signed("POST" if data else "GET", url, data or b"", region=region) if region else {}
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - on this machine
    try:
        with urllib.request.urlopen(request, timeout=ANSWERED_WITHIN_S) as answer:  # noqa: S310
            return answer.status, _parsed(answer.read())
    except urllib.error.HTTPError as exc:
        return exc.code, _parsed(exc.read())
    except OSError as exc:
        return 0, str(exc)


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode(errors="replace")[:300]
