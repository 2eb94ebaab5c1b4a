"""Names and texts for AWS: no two resources claim one name, and no text is an unresolved output."""

import re
from collections.abc import Iterator
from typing import Any

from stack_graph.graph import Rehearsed, Resource
from stack_graph.lambdas import BUCKET, DATABASE, FUNCTION, PERMISSION, QUEUE, SECRET, function_of, label

from deploy_checks.finding import Finding, finding_at

UNRESOLVED = "Calling [toString] on an [Output<T>]"
"""The beginning of the text that Pulumi's outputs have in a template literal."""

CLAIMED = {
    FUNCTION: "name",
    "aws:apigatewayv2/domainName:DomainName": "domainName",
    "aws:cloudwatch/logGroup:LogGroup": "name",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "name",
    "aws:dynamodb/table:Table": "name",
    "aws:iam/role:Role": "name",
    DATABASE: "identifier",
    BUCKET: "bucket",
    SECRET: "name",
    "aws:sns/topic:Topic": "name",
    QUEUE: "name",
    "aws:ssm/parameter:Parameter": "name",
}
"""Types whose name is unique in an account and region, and the input that has it."""

TAGGED = ("aws:acm/", "aws:ecs/", "aws:iam/", "aws:kms/", "aws:rds/", "aws:sfn/", "aws:ssm/")
"""Services that refuse other characters in tags than TAG has (their API references, 2026-11)."""
TAG = re.compile(r"[\w\s.:/=+@-]*")

SENDERS = {
    "execute-api": "apigateway.amazonaws.com",
    "events": "events.amazonaws.com",
    "s3": "s3.amazonaws.com",
    "sns": "sns.amazonaws.com",
    "cognito-idp": "cognito-idp.amazonaws.com",
    "secretsmanager": "secretsmanager.amazonaws.com",
    "scheduler": "scheduler.amazonaws.com",
}
"""The service in the ARN of a caller, and the principal as which it calls a function."""


def outputs_are_resolved(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No text contains Pulumi's explanation in place of an output's value."""
    for resource in rehearsed.graph.resources:
        for path in _unresolved(resource.inputs) if resource.type.startswith("aws:") else ():
            yield finding_at(
                resource,
                "output-in-text",
                "critical",
                f'{path} of {resource.name} is the text "{UNRESOLVED} is not supported": a template literal does not '
                "wait for an output",
                "Write $interpolate`...`, or output.apply((value) => `...`).",
            )


def _unresolved(value: Any, path: str = "") -> Iterator[str]:
    match value:
        case str() if UNRESOLVED in value:
            yield path
        case dict():
            for name, part in value.items():
                yield from _unresolved(part, f"{path}.{name}".lstrip("."))
        case list():
            for part in value:
                yield from _unresolved(part, path)


def names_are_claimed_once(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No two resources of a type have one name."""
    for kind, name_of in CLAIMED.items():
        first: dict[tuple[object, object], Resource] = {}
        for resource in rehearsed.graph.of_type(kind):
            name = resource.inputs.get(name_of)
            other = first.setdefault((name, resource.value("region")), resource) if name else resource
            if other is not resource:
                yield finding_at(
                    resource,
                    "name-taken-twice",
                    "high",
                    f"The deploy will fail, or one replaces the other: {resource.name} and {other.name} both claim the "
                    f"name {name}",
                    "Give one of them another name, or let SST generate it.",
                )


def tags_are_taken(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No tag has a character that the service refuses."""
    for resource in rehearsed.graph.resources:
        tags = resource.part("tagsAll").data if resource.type.startswith(TAGGED) else {}
        refused = sorted(name for name, value in tags.items() if not TAG.fullmatch(f"{name}{value}"))
        if refused and not resource.external:
            yield finding_at(
                resource,
                "tag-refused",
                "high",
                f"The deploy will fail: {resource.name} has the tag {refused[0]} with {tags[refused[0]]!r}: tags may "
                "have alphabetic characters, numbers, spaces and _ . : / = + - @",
                "Write it without other characters, such as and in place of &.",
            )


def callers_are_who_they_are(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A function's permission names the service of its source."""
    graph = rehearsed.graph
    for permission in graph.of_type(PERMISSION):
        source = str(permission.value("sourceArn") or "").split(":")
        needed = SENDERS.get(source[2]) if len(source) > 2 else None
        function = function_of(graph, permission.value("function"))
        if needed and function and permission.value("principal") != needed:
            yield finding_at(
                permission,
                "permission-for-another-service",
                "critical",
                f"{permission.value('principal')} may invoke {label(graph, function)} for {':'.join(source)}, which "
                f"calls as {needed}: it will be refused",
                f'Set principal: "{needed}".',
            )


CHECKS = (outputs_are_resolved, names_are_claimed_once, tags_are_taken, callers_are_who_they_are)
