"""The wiring of a run, derived from the product's: the same resources, at the run's pace, with proxies between."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_harness.inside.variables import FACTOR, MODEL_ENDPOINT, MUTANT, PRODUCT, PRODUCT_HANDLER
from chaos_harness.pace import Pace

HANDLER = "chaos_harness/inside/handler.handler"
SWEEP_ROUTE = "POST /chaos/sweep"
FUNCTION = "aws:lambda/function:Function"
QUEUE = "aws:sqs/queue:Queue"
SCHEDULE = "aws:scheduler/schedule:Schedule"
PROXIED_SERVICES = ("S3", "SQS", "SSM", "SECRETS_MANAGER")

WORKERS = 12
"""Jobs at a time: processes that mostly wait for the model, which two cores can bear."""

API_PROCESSES = 3

MODEL_CALLS = 9
"""The stage's cap of concurrent model calls: below the number of workers, or it would never be felt. A dead worker
keeps its place until its call has surely ended, so it must not be small either."""


@dataclass(frozen=True, slots=True)
class Detours:
    """Where the functions find what they talk to."""

    aws_url: str
    database_directory: Path
    product: Path
    """The folder of the product's package for the harness."""


def database_port(product: Path) -> int:
    """PostgreSQL's: a part of its socket's name."""
    return int(json.loads(product.read_text())["resources"]["Database"]["inputs"]["port"])


def derive(product: Path, pace: Pace, detours: Detours, mutant: str | None) -> dict[str, Any]:
    """The wiring file's content."""
    wiring: dict[str, Any] = json.loads(product.read_text())
    resources: dict[str, Any] = wiring["resources"]
    invoked = {name for name in resources if _is_invoked_once(resources, name)}
    for name, resource in _of_type(resources, FUNCTION):
        _detour(name, resource, pace, detours, mutant, once=name in invoked)
    for _, queue in _of_type(resources, QUEUE):
        queue["visibilityTimeoutSeconds"] = pace.of(int(queue["visibilityTimeoutSeconds"]))
    for _, schedule in _of_type(resources, SCHEDULE):
        schedule["state"] = "DISABLED"
    for _, mapping in _of_type(resources, "aws:lambda/eventSourceMapping:EventSourceMapping"):
        if "scalingConfig" in mapping:
            mapping["scalingConfig"] = {"maximumConcurrency": WORKERS}
    _limit_calls(resources)
    _open_to_the_harness(resources)
    return wiring


def _of_type(resources: dict[str, Any], kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, found["inputs"]) for name, found in resources.items() if found["type"] == kind]


def _is_invoked_once(resources: dict[str, Any], name: str) -> bool:
    invocations = _of_type(resources, "aws:lambda/invocation:Invocation")
    return any(inputs["functionName"] == f"${{{name}.name}}" for _, inputs in invocations)


def _detour(
    name: str, function: dict[str, Any], pace: Pace, detours: Detours, mutant: str | None, *, once: bool
) -> None:
    if once:  # a migration runs before the proxies know where to lead
        return
    variables: dict[str, str] = function["environment"]["variables"]
    variables[PRODUCT_HANDLER] = function["handler"]
    variables[FACTOR] = str(pace.factor)
    variables[PRODUCT] = str(detours.product)
    variables[MUTANT] = mutant or ""
    variables[MODEL_ENDPOINT] = detours.aws_url
    variables |= {f"AWS_ENDPOINT_URL_{service}": detours.aws_url for service in PROXIED_SERVICES}
    if "DB_HOST" in variables:
        variables["DB_HOST"] = str(detours.database_directory)
    function["handler"] = HANDLER
    if name == "ApiHandler":
        function["reservedConcurrentExecutions"] = API_PROCESSES
    elif name == "Worker":
        function["timeout"] = pace.of(int(function["timeout"]))
        function["reservedConcurrentExecutions"] = WORKERS
    else:
        function["reservedConcurrentExecutions"] = 1


def _limit_calls(resources: dict[str, Any]) -> None:
    config = json.loads(resources["Config"]["inputs"]["value"])
    config["limits"] = {**config.get("limits", {}), "concurrent_model_calls": MODEL_CALLS}
    resources["Config"]["inputs"]["value"] = json.dumps(config)


def _open_to_the_harness(resources: dict[str, Any]) -> None:
    """A route to the sweeper: EventBridge's shortest rate is a minute, and the run's is 6 s."""
    resources["ChaosSweepIntegration"] = {
        "type": "aws:apigatewayv2/integration:Integration",
        "inputs": {
            "apiId": "${Api.id}",
            "integrationType": "AWS_PROXY",
            "integrationUri": "${Sweeper.arn}",
            "payloadFormatVersion": "2.0",
        },
    }
    resources["ChaosSweepRoute"] = {
        "type": "aws:apigatewayv2/route:Route",
        "inputs": {
            "apiId": "${Api.id}",
            "routeKey": SWEEP_ROUTE,
            "target": "integrations/${ChaosSweepIntegration.id}",
        },
    }
