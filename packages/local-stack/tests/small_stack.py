"""A small stack with its own wiring and handlers, for the tests of this package."""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from local_stack.running import RunningStack, started

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


def api(name: str = "api", **more: object) -> dict[str, Any]:
    return resource("aws:apigatewayv2/api:Api", name=name, protocolType="HTTP", **more)


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
        # Only the tests read this queue.
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
        "Api": api(),
        "Integration": integration("ApiFunction"),
        "RouteAnalyze": route("POST /analyze", "Integration"),
        "RouteItem": route("ANY /items/{id}", "Integration"),
        "RouteAny": route("GET /{rest+}", "Integration"),
        **more,
    }
    return {"project": "p", "stage": "test", "region": "eu-west-1", "resources": resources}


def write_files(directory: Path, content: dict[str, Any]) -> None:
    package = directory / "fixture"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").touch()
    (package / "handlers.py").write_text(HANDLERS)
    (directory / "wiring.json").write_text(json.dumps(content))


def command(directory: Path, *arguments: str) -> list[str]:
    paths = ["--wiring", str(directory / "wiring.json"), "--link", f"fixture={directory / 'fixture'}"]
    return [sys.executable, "-m", "local_stack", "--without-bedrock", *paths, *arguments]


def running(directory: Path, *arguments: str) -> contextlib.AbstractContextManager[RunningStack]:
    """The small stack, ready."""
    return started(RunningStack, directory, command(directory, *arguments), HOME_OF_THE_STACK="must not leak")
