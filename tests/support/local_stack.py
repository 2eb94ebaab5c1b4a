"""A small stack of its own wiring and handlers, run as a user runs it: as a process."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

DEADLINE_SECONDS = 20.0

HANDLERS = """
import json, os, sys, time

def api(event, context):
    path = event["rawPath"]
    if path == "/slow":
        time.sleep(30)
    if path == "/exit":
        os._exit(7)
    if path == "/raise":
        raise ValueError("on purpose")
    if path == "/big":
        return "x" * (6 * 1024 * 1024 + 200)
    if path == "/image":
        return {"statusCode": 200, "headers": {"content-type": "image/png"}, "body": "iVBORw==",
                "isBase64Encoded": True, "cookies": ["a=1", "b=2"]}
    if path == "/pause":
        time.sleep(0.3)
    if path in ("/bare", "/pause"):
        return {"pid": os.getpid()}
    if path == "/analyze":
        outcome = json.loads(event["body"])["outcome"]
        if outcome == "refuse":
            return {"statusCode": 422, "body": json.dumps({"title": "refused on purpose"})}
        return {"statusCode": 202, "body": json.dumps({"status_url": "/status/" + outcome})}
    if path.startswith("/status/"):
        return {"statusCode": 200, "body": json.dumps({"status": path.removeprefix("/status/")})}
    answer = {"event": event, "environment": dict(os.environ), "cwd": os.getcwd(), "pid": os.getpid(),
              "remaining_ms": context.get_remaining_time_in_millis(), "arn": context.invoked_function_arn}
    return {"statusCode": 201, "headers": {"content-type": "application/json"}, "body": json.dumps(answer)}

def worker(event, context):
    failures = []
    for record in event["Records"]:
        with open(os.environ["SEEN_FILE"], "a") as seen:
            seen.write(json.dumps(record) + "\\n")
        if "fail" in record["body"]:
            failures.append({"itemIdentifier": record["messageId"]})
        if "crash" in record["body"]:
            os._exit(3)
    return {"batchItemFailures": failures}

def once(event, context):
    if os.environ["ONCE"] == "fail":
        raise RuntimeError("cannot migrate")
    return {"done": True}
"""


def function(name: str, handler: str, **more: object) -> dict[str, Any]:
    inputs = {"name": name, "handler": f"fixture/handlers.{handler}", "runtime": "python3.12", **more}
    return {"type": "aws:lambda/function:Function", "inputs": inputs}


def resource(kind: str, **inputs: object) -> dict[str, Any]:
    return {"type": kind, "inputs": inputs}


def integration(function_name: str, **more: object) -> dict[str, Any]:
    return resource(
        "aws:apigatewayv2/integration:Integration",
        apiId="${Api.id}",
        integrationType="AWS_PROXY",
        integrationUri=f"${{{function_name}.arn}}",
        payloadFormatVersion="2.0",
        **more,
    )


def route(key: str, integration_name: str) -> dict[str, Any]:
    target = f"integrations/${{{integration_name}.id}}"
    return resource("aws:apigatewayv2/route:Route", apiId="${Api.id}", routeKey=key, target=target)


def wiring(directory: Path, **more: dict[str, Any]) -> dict[str, Any]:
    """An API, a queue with a dead-letter queue and a worker, a bucket, and a one-time invocation."""
    worker_environment = {"variables": {"SEEN_FILE": str(directory / "seen")}}
    resources = {
        "Bucket": resource("aws:s3/bucket:Bucket", bucket="the-bucket"),
        "Parameter": resource("aws:ssm/parameter:Parameter", name="/the/parameter", value="wired"),
        "Dead": resource("aws:sqs/queue:Queue", name="dead"),
        "Jobs": resource(
            "aws:sqs/queue:Queue",
            name="jobs",
            visibilityTimeoutSeconds=1,
            redrivePolicy={"deadLetterTargetArn": "${Dead.arn}", "maxReceiveCount": 2},
        ),
        # Nobody reads this one but the tests.
        "Quiet": resource("aws:sqs/queue:Queue", name="quiet", visibilityTimeoutSeconds=60),
        "ApiFunction": function(
            "the-api", "api", timeout=1, environment={"variables": {"QUEUE": "${Jobs.url}", "OWN": "1"}}
        ),
        "Worker": function("the-worker", "worker", timeout=5, environment=worker_environment),
        "Once": function("the-once", "once", timeout=5, environment={"variables": {"ONCE": "succeed"}}),
        "Invocation": resource("aws:lambda/invocation:Invocation", functionName="${Once.name}", input="{}"),
        "Mapping": resource(
            "aws:lambda/eventSourceMapping:EventSourceMapping",
            eventSourceArn="${Jobs.arn}",
            functionName="${Worker.arn}",
            batchSize=10,
            functionResponseTypes=["ReportBatchItemFailures"],
        ),
        "Api": resource("aws:apigatewayv2/api:Api", name="api", protocolType="HTTP"),
        "Integration": integration("ApiFunction"),
        "RouteAnalyze": route("POST /analyze", "Integration"),
        "RouteItem": route("ANY /items/{id}", "Integration"),
        "RouteAny": route("GET /{rest+}", "Integration"),
        **more,
    }
    return {"project": "p", "stage": "test", "region": "eu-west-1", "resources": resources}


@dataclass
class RunningStack:
    process: subprocess.Popen[bytes]
    directory: Path
    ready: dict[str, Any] = field(default_factory=dict)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.ready["api_url"]).netloc, timeout=DEADLINE_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def client(self, service: str) -> Any:
        return aws_client(service, self.ready["aws_endpoint_url"])

    def seen(self) -> list[dict[str, Any]]:
        file = self.directory / "seen"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def log(self) -> str:
        return (self.directory / "stderr").read_text()

    def processes(self) -> set[int]:
        """Of this stack, alive: all that were started with its wiring or for it."""
        return {self.process.pid, *descendants(self.process.pid)}

    def end(self, signum: int = signal.SIGTERM) -> int:
        self.process.send_signal(signum)
        return self.process.wait(DEADLINE_SECONDS)


def aws_client(service: str, endpoint_url: str) -> Any:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "eu-west-1"}
    return boto3.client(service, endpoint_url=endpoint_url, **keys)  # type: ignore[call-overload]


def write_files(directory: Path, content: dict[str, Any]) -> None:
    package = directory / "fixture"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").touch()
    (package / "handlers.py").write_text(HANDLERS)
    (directory / "wiring.json").write_text(json.dumps(content))


def command(directory: Path, *arguments: str) -> list[str]:
    paths = ["--wiring", str(directory / "wiring.json"), "--link", f"fixture={directory / 'fixture'}"]
    return [sys.executable, "-m", "local_stack", "--without-bedrock", *paths, *arguments]


@contextlib.contextmanager
def started[S: RunningStack](
    kind: type[S], directory: Path, argv: list[str], seconds: float = DEADLINE_SECONDS, **environment: str
) -> Iterator[S]:
    """A stack that the command starts, handed over once it is ready; ended when the block is left, come what may."""
    ready_file = directory / "ready.json"
    ready_file.unlink(missing_ok=True)
    with (directory / "stderr").open("wb") as log:
        process = subprocess.Popen(
            [*argv, "--port", "0", "--ready-file", str(ready_file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env={**os.environ, **environment},
        )
    stack = kind(process, directory)
    try:
        until(lambda: ready_file.exists() or process.poll() is not None, seconds)
        assert process.poll() is None, stack.log()
        stack.ready = json.loads(ready_file.read_text())
        yield stack
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(DEADLINE_SECONDS)


def running(directory: Path, *arguments: str) -> contextlib.AbstractContextManager[RunningStack]:
    """The small stack."""
    return started(RunningStack, directory, command(directory, *arguments), HOME_OF_THE_STACK="must not leak")


def until[T](condition: Callable[[], T], seconds: float = DEADLINE_SECONDS) -> T:
    """What the condition returns once it is true; a failed test when the time is up."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)
    return found


def descendants(pid: int) -> set[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = entry.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found: set[int] = set()
    todo = [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            found.add(child)
            todo.append(child)
    return found


def alive(pids: set[int]) -> set[int]:
    """Those that still run; a zombie whose parent has not looked yet does not."""

    def runs(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    return {pid for pid in pids if runs(pid)}
