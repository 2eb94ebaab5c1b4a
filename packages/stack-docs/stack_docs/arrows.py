"""The arrows of the diagram, read from the graph: integrations, event sources, schedules, redrive policies, databases
in the environment of functions, and the permissions of their roles.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from stack_graph.graph import Graph, Resource
from stack_graph.iam import Statement, role_of, statements_of
from stack_graph.lambdas import EVENT_SOURCE, FUNCTION

from stack_docs.kinds import KINDS, box_of

DATABASES = {"aws:rds/instance:Instance", "aws:rds/proxy:Proxy"}
MODEL = re.compile(r"arn:aws:bedrock:.*(?:inference-profile|foundation-model)/(?P<name>.+)")
OMITTED = {"ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"}
"""Actions without a label: the arrow of the event source shows them, or they add no information."""


class Arrow(NamedTuple):
    """From one box to another."""

    tail: str
    head: str
    label: str = ""


def arrows_of(graph: Graph) -> Iterator[Arrow]:
    """Every arrow, also those to a resource without a box, which the caller drops."""
    for api in graph.of_type("aws:apigatewayv2/api:Api"):
        yield Arrow("client", box_of(api), "HTTPS")
    for integration in graph.of_type("aws:apigatewayv2/integration:Integration"):
        yield from _between(graph, integration.references("apiId"), "arn", integration.value("integrationUri"))
    for mapping in graph.of_type(EVENT_SOURCE):
        limit = mapping.part("scalingConfig").value("maximumConcurrency")
        label = f"{mapping.value('batchSize')} a run" + (f", {limit} at a time" if limit else "")
        yield from _between(graph, mapping.references("eventSourceArn"), "arn", mapping.value("functionName"), label)
    for schedule in graph.of_type("aws:scheduler/schedule:Schedule"):
        yield from _between(graph, [schedule.urn], "arn", schedule.part("target").value("arn"))
    for run in graph.of_type("aws:lambda/invocation:Invocation"):
        yield from _between(graph, [run.urn], "name", run.value("functionName"))
    for queue in graph.of_type("aws:sqs/queue:Queue"):
        dead_letters = queue.part("redrivePolicy").value("deadLetterTargetArn")
        yield from _between(graph, [queue.urn], "arn", dead_letters)
    for function in graph.of_type(FUNCTION):
        used = [graph.by_urn[urn] for urn in function.references("environment") if urn in graph.by_urn]
        yield from (Arrow(box_of(function), box_of(each)) for each in used if each.type in DATABASES)
        yield from _permissions(graph, function)


def models_of(graph: Graph) -> list[str]:
    """The models that a role may invoke without a condition; the others are behind an inference profile."""
    arns = {
        arn
        for function in graph.of_type(FUNCTION)
        for statement in _statements(graph, function)
        if not statement.conditions
        for arn in statement.resources
    }
    return sorted(found["name"] for arn in arns if (found := MODEL.fullmatch(arn)))


def _permissions(graph: Graph, function: Resource) -> Iterator[Arrow]:
    actions: dict[str, set[str]] = defaultdict(set)
    for statement in _statements(graph, function):
        for arn in statement.resources:
            owner = _owner(graph, arn)
            box = "bedrock" if MODEL.fullmatch(arn) else box_of(owner) if owner else None
            if box:
                actions[box] |= {action.partition(":")[2] for action in statement.actions}
    for box, allowed in actions.items():
        if shown := sorted(allowed - OMITTED):
            yield Arrow(box_of(function), box, ", ".join(shown))


def _statements(graph: Graph, function: Resource) -> list[Statement]:
    """The statements of the function's role that allow something."""
    role = role_of(graph, function)
    return [statement for statement in (statements_of(graph, role) if role else ()) if statement.allow]


def _owner(graph: Graph, arn: str) -> Resource | None:
    """The resource that a policy's ARN names or lies in, such as the bucket of ``arn:aws:s3:::bucket/results/*``."""
    for resource in graph.resources:
        own = resource.value("arn")
        if resource.type in KINDS and own and (arn == own or arn.startswith(f"{own}/")):
            return resource
    return None


def _between(graph: Graph, tails: Iterable[str], attribute: str, value: object, label: str = "") -> Iterator[Arrow]:
    """Arrows from resources to the one with this attribute."""
    head = graph.with_output(attribute, value) if value else None
    for tail in (graph.by_urn.get(urn) for urn in tails):
        if tail and head:
            yield Arrow(box_of(tail), box_of(head), label)
