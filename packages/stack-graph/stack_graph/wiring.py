"""The wiring file of the local stack, made from a rehearsed deploy, so that the same resources run locally.

    python -m stack_graph.wiring REHEARSAL > infra/wiring.json

The file contains the resources that the local stack has a stand-in for, with the properties that affect the
behaviour of the pipeline. A value from another resource is written as ``${Name.attribute}``, since it differs locally.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stack_graph.graph import Graph, Resource, Values

KEPT: dict[str, tuple[str, ...]] = {
    "aws:rds/instance:Instance": ("engine", "engineVersion", "dbName", "username", "port"),
    "aws:secretsmanager/secret:Secret": ("name",),
    "aws:secretsmanager/secretVersion:SecretVersion": ("secretId", "secretString"),
    "aws:s3/bucket:Bucket": ("bucket",),
    "aws:ssm/parameter:Parameter": ("name", "type", "value"),
    "aws:sqs/queue:Queue": (
        "name",
        "delaySeconds",
        "visibilityTimeoutSeconds",
        "messageRetentionSeconds",
        "redrivePolicy",
    ),
    "aws:lambda/function:Function": (
        "name",
        "handler",
        "runtime",
        "timeout",
        "memorySize",
        "reservedConcurrentExecutions",
        "environment",
    ),
    "aws:lambda/invocation:Invocation": ("functionName", "input"),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        "eventSourceArn",
        "functionName",
        "batchSize",
        "maximumBatchingWindowInSeconds",
        "functionResponseTypes",
        "scalingConfig",
    ),
    "aws:scheduler/schedule:Schedule": ("state", "scheduleExpression", "flexibleTimeWindow", "target"),
    "aws:apigatewayv2/api:Api": ("name", "protocolType", "corsConfiguration"),
    "aws:apigatewayv2/authorizer:Authorizer": (
        "apiId",
        "name",
        "authorizerType",
        "identitySources",
        "jwtConfiguration",
    ),
    "aws:apigatewayv2/integration:Integration": (
        "apiId",
        "integrationType",
        "integrationUri",
        "payloadFormatVersion",
        "timeoutMilliseconds",
    ),
    "aws:apigatewayv2/route:Route": (
        "apiId",
        "routeKey",
        "target",
        "authorizationType",
        "authorizerId",
        "authorizationScopes",
    ),
}
"""The kept properties of each resource type, in the order of the file."""

NAMED_AFTER_COMPONENT = {
    "aws:rds/instance:Instance",
    "aws:s3/bucket:Bucket",
    "aws:sqs/queue:Queue",
    "aws:lambda/function:Function",
    "aws:apigatewayv2/api:Api",
    "aws:scheduler/schedule:Schedule",
}
"""Types of resources that take the name of their SST component."""

REFERABLE = {
    "aws:sqs/queue:Queue": ("url", "arn", "name"),
    "aws:s3/bucket:Bucket": ("arn", "bucket"),
    "aws:ssm/parameter:Parameter": ("arn", "name"),
    "aws:secretsmanager/secret:Secret": ("arn", "name"),
    "aws:lambda/function:Function": ("arn", "name"),
    "aws:rds/instance:Instance": ("address",),
    "aws:apigatewayv2/api:Api": ("id",),
    "aws:apigatewayv2/authorizer:Authorizer": ("id",),
    "aws:apigatewayv2/integration:Integration": ("id",),
}
DATABASE_VARIABLES = {"DB_PORT": "port", "DB_NAME": "dbName", "DB_USERNAME": "username"}
"""Variables whose values are ambiguous, such as "5432", with the attribute that they refer to."""

SUFFIX = re.compile(r"-[a-z]{8}$")
"""The suffix that SST appends to a physical name."""


def wiring(graph: Graph) -> dict[str, Any]:
    """The wiring of a graph, as the local stack reads it."""
    kept = [resource for kind in KEPT for resource in sorted(graph.of_type(kind), key=lambda each: each.name)]
    names = {resource.urn: _short_name(resource, graph) for resource in kept}
    resources = {
        names[resource.urn]: {"type": resource.type, "inputs": _inputs(resource, kept, names)} for resource in kept
    }
    return {
        "project": graph.data["app"],
        "stage": graph.stage,
        "region": graph.data["region"],
        "resources": resources,
    }


def _short_name(resource: Resource, graph: Graph) -> str:
    component = graph.by_urn.get(resource.parent or "")
    named_after = component is not None and component.type.startswith("sst:aws:")
    return component.name if component and named_after and resource.type in NAMED_AFTER_COMPONENT else resource.name


def _inputs(resource: Resource, kept: list[Resource], names: Mapping[str, str]) -> dict[str, Any]:
    refer = _referrer(resource, kept, names)
    inputs: dict[str, Any] = {}
    for name in KEPT[resource.type]:
        value = resource.raw(name)
        if name == "value":
            value = resource.raw("insecureValue") or value
        if name in ("name", "bucket"):
            inputs[name] = SUFFIX.sub("", str(value))
        elif value is not None:
            inputs[name] = _with_references(_plain(name, value), refer)
    return inputs


def _plain(name: str, value: Any) -> Any:
    match name:
        case "redrivePolicy":
            return Values({name: value}).part(name).data
        case "environment":
            given = Values({name: value}).part(name).part("variables").data
            own = {key: text for key, text in given.items() if not key.startswith("SST_")}
            return {"variables": dict(sorted(own.items()))}
        case "target" if isinstance(value, dict):
            return {key: value[key] for key in ("arn", "input") if key in value}
    return value


def _referrer(resource: Resource, kept: list[Resource], names: Mapping[str, str]) -> Callable[[str, str], str]:
    table: dict[str, str] = {}
    for other in kept:
        if other is resource:
            continue
        for attribute in REFERABLE.get(other.type, ()):
            value = other.data["id"] if attribute == "id" else other.value(attribute)
            if isinstance(value, str):
                table.setdefault(value, f"${{{names[other.urn]}.{attribute}}}")
    instance = next((other for other in kept if other.type == "aws:rds/instance:Instance"), None)
    database = names[instance.urn] if instance else None
    longest_first = sorted(table, key=len, reverse=True)

    def refer(key: str, text: str) -> str:
        if instance and key in DATABASE_VARIABLES and text == str(instance.value(DATABASE_VARIABLES[key])):
            return f"${{{database}.{DATABASE_VARIABLES[key]}}}"
        if database and key == "DB_HOST" and ".proxy-" in text:  # RDS Proxy's: there is none locally
            return f"${{{database}.address}}"
        for value in longest_first:
            if text == value or text == f"integrations/{value}":
                return text.replace(value, table[value])
        return text

    return refer


def _with_references(value: Any, refer: Callable[[str, str], str], key: str = "") -> Any:
    if isinstance(value, str):
        return refer(key, value)
    if isinstance(value, dict):
        return {name: _with_references(item, refer, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_references(item, refer) for item in value]
    return value


def text(graph: Graph) -> str:
    """The file's content."""
    return json.dumps(wiring(graph), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text(Graph.read(Path(sys.argv[1]) / "graph.json")))
