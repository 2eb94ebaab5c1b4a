"""The graph's Lambda functions: their environment, their AWS calls, and the resources of those calls."""

from collections.abc import Iterator
from pathlib import Path

from stack_graph.graph import Graph, Resource
from stack_graph.handler_calls import Call, calls_of, key_prefixes

FUNCTION = "aws:lambda/function:Function"
QUEUE = "aws:sqs/queue:Queue"
BUCKET = "aws:s3/bucket:Bucket"
BUCKETS = (BUCKET, "aws:s3/bucketV2:BucketV2")
PARAMETER = "aws:ssm/parameter:Parameter"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type of resource
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
DATABASE = "aws:rds/instance:Instance"
EVENT_SOURCE = "aws:lambda/eventSourceMapping:EventSourceMapping"
PERMISSION = "aws:lambda/permission:Permission"
SCHEDULE = "aws:scheduler/schedule:Schedule"

TARGETS = {
    "sqs": ("a queue", (QUEUE,), ("url", "arn", "name")),
    "s3": ("a bucket", BUCKETS, ("bucket", "arn")),
    "ssm": ("a parameter", (PARAMETER,), ("name", "arn")),
    "secretsmanager": ("a secret", (SECRET,), ("arn", "name")),
}
"""The targets of each service: their resource types, and the outputs that an environment variable may contain."""


def variables(function: Resource) -> dict[str, str]:
    """The environment of a function."""
    given = function.part("environment").part("variables")
    return {name: str(given.value(name)) for name in given.data if given.value(name) is not None}


def architectures(function: Resource) -> list[str]:
    """The architectures of the function's native code."""
    return function.texts("architectures") or ["x86_64"]


def label(graph: Graph, function: Resource) -> str:
    """The function's name in the program: ``ApiHandler``."""
    component = graph.by_urn.get(function.parent or "")
    return component.name if component and component.type == "sst:aws:Function" else function.name


def calls(root: Path, function: Resource) -> tuple[Call, ...]:
    """The AWS operations that the function's code can call."""
    return calls_of(root, str(function.value("handler") or ""))


def targets(graph: Graph, function: Resource, service: str) -> list[Resource]:
    """The resources that the function accesses through a service.

    They are the resources that its environment names, and the secrets that it rotates, which the event names.
    """
    if service not in TARGETS:
        return []
    _, types, outputs = TARGETS[service]
    by_event = {
        str(rotation.value("secretId"))
        for rotation in graph.of_type(ROTATION)
        if function_of(graph, rotation.value("rotationLambdaArn")) is function
    }
    values = by_event.union(variables(function).values())
    candidates = (resource for kind in types for resource in graph.of_type(kind))
    return [resource for resource in candidates if values & {resource.value(output) for output in outputs}]


def arns(root: Path, function: Resource, call: Call, target: Resource) -> Iterator[str]:
    """The ARNs that IAM evaluates for a call: that of the target, or those of the objects in it."""
    arn = str(target.value("arn"))
    if call.service == "s3" and "Object" in call.operation and not call.operation.startswith("List"):
        for prefix in key_prefixes(root, str(function.value("handler"))) or {""}:
            yield f"{arn}/{prefix}any"
    else:
        yield arn


def function_of(graph: Graph, name: object) -> Resource | None:
    """The function with this name, ARN (qualified or not) or invocation ARN."""
    for function in graph.of_type(FUNCTION):
        arn = str(function.value("arn"))
        if name and (
            str(name) in {arn, str(function.value("name"))} or f"{arn}/" in f"{name}/" or f"{arn}:" in str(name)
        ):
            return function
    return None
