"""The wiring of a run: the product's resources at the run's pace, with proxies between functions and services."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_harness.flood import DAILY_BYTES
from chaos_harness.inside.variables import FACTOR, MODEL_ENDPOINT, MUTANT, PRODUCT, PRODUCT_HANDLER
from chaos_harness.pace import Pace
from chaos_harness.product import Product

HANDLER = "chaos_harness/inside/handler.handler"
SWEEP_ROUTE = "POST /chaos/sweep"
FUNCTION = "aws:lambda/function:Function"
QUEUE = "aws:sqs/queue:Queue"
SCHEDULE = "aws:scheduler/schedule:Schedule"
PROXIED_SERVICES = ("S3", "SQS", "SSM", "SECRETS_MANAGER")

WORKERS = 12
"""Worker processes. They mostly wait for the model, so two cores are enough."""

API_PROCESSES = 3

MODEL_CALLS = 9
"""Limit of concurrent model calls: less than the workers, so that it applies. Not small, because a dead worker occupies
a slot until its call has certainly ended."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The differences between the product's wiring and that of a run."""

    pace: Pace
    aws_url: str
    """Address of the proxy in front of AWS."""
    database_directory: Path
    """Directory of the proxy's socket in front of PostgreSQL."""
    product_folder: Path
    mutant: str | None


def database_port(wiring_file: Path) -> int:
    """PostgreSQL's port, which is part of the name of its socket."""
    return int(json.loads(wiring_file.read_text())["resources"]["Database"]["inputs"]["port"])


def derive(wiring_file: Path, product: Product, changes: Changes) -> dict[str, Any]:
    """The content of the wiring file of a run."""
    wiring: dict[str, Any] = json.loads(wiring_file.read_text())
    resources: dict[str, Any] = wiring["resources"]
    invoked = {name for name in resources if _is_invoked_once(resources, name)}
    for name, resource in _of_type(resources, FUNCTION):
        if name not in invoked:  # a migration runs before the proxies have a target
            _redirect(resource, changes)
            _scale(name, resource, product, changes.pace)
    for _, queue in _of_type(resources, QUEUE):
        queue["visibilityTimeoutSeconds"] = changes.pace.of(int(queue["visibilityTimeoutSeconds"]))
    for _, schedule in _of_type(resources, SCHEDULE):
        schedule["state"] = "DISABLED"
    for _, mapping in _of_type(resources, "aws:lambda/eventSourceMapping:EventSourceMapping"):
        if "scalingConfig" in mapping:
            mapping["scalingConfig"] = {"maximumConcurrency": WORKERS}
    product.set_limits(resources, MODEL_CALLS, DAILY_BYTES)
    _add_sweep_route(resources, product)
    return wiring


def _of_type(resources: dict[str, Any], kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, found["inputs"]) for name, found in resources.items() if found["type"] == kind]


def _is_invoked_once(resources: dict[str, Any], name: str) -> bool:
    invocations = _of_type(resources, "aws:lambda/invocation:Invocation")
    return any(inputs["functionName"] == f"${{{name}.name}}" for _, inputs in invocations)


def _redirect(function: dict[str, Any], changes: Changes) -> None:
    """Put the harness's handler around the function's, and the proxies in front of its services."""
    variables: dict[str, str] = function["environment"]["variables"]
    variables[PRODUCT_HANDLER] = function["handler"]
    variables[FACTOR] = str(changes.pace.factor)
    variables[PRODUCT] = str(changes.product_folder)
    variables[MUTANT] = changes.mutant or ""
    variables[MODEL_ENDPOINT] = changes.aws_url
    variables |= {f"AWS_ENDPOINT_URL_{service}": changes.aws_url for service in PROXIED_SERVICES}
    if "DB_HOST" in variables:
        variables["DB_HOST"] = str(changes.database_directory)
    function["handler"] = HANDLER


def _scale(name: str, function: dict[str, Any], product: Product, pace: Pace) -> None:
    """Set the number of processes, and the worker's timeout."""
    processes = {product.FUNCTIONS.api: API_PROCESSES, product.FUNCTIONS.worker: WORKERS}
    function["reservedConcurrentExecutions"] = processes.get(name, 1)
    if name == product.FUNCTIONS.worker:
        function["timeout"] = pace.of(int(function["timeout"]))


def _add_sweep_route(resources: dict[str, Any], product: Product) -> None:
    """Add a route to the sweeper: EventBridge's shortest rate is a minute, and that of a run is 6 s."""
    gateway, sweeper = product.FUNCTIONS.gateway, product.FUNCTIONS.sweeper
    resources["ChaosSweepIntegration"] = {
        "type": "aws:apigatewayv2/integration:Integration",
        "inputs": {
            "apiId": f"${{{gateway}.id}}",
            "integrationType": "AWS_PROXY",
            "integrationUri": f"${{{sweeper}.arn}}",
            "payloadFormatVersion": "2.0",
        },
    }
    resources["ChaosSweepRoute"] = {
        "type": "aws:apigatewayv2/route:Route",
        "inputs": {
            "apiId": f"${{{gateway}.id}}",
            "routeKey": SWEEP_ROUTE,
            "target": "integrations/${ChaosSweepIntegration.id}",
        },
    }
