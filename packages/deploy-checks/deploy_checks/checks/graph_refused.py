"""Values that AWS refuses, by its own schemas: whatever the resource, whatever the property."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from jsonschema import Draft7Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]
from stack_graph.graph import Rehearsed

from deploy_checks.aws_rules import conditions_of, kinds_of, properties_of, schema_of
from deploy_checks.finding import Finding, finding_at

OF_VALUES = {
    "enum": "is none of its values",
    "const": "is not its value",
    "minimum": "is too low",
    "maximum": "is too high",
    "multipleOf": "is between its steps",
    "pattern": "is not well formed",
    "minLength": "is too short",
    "maxLength": "is too long",
    "minItems": "are too few",
    "maxItems": "are too many",
    "uniqueItems": "has one twice",
    "not": "is reserved",
}
"""What a schema says about values. What it says is missing, or too much, may only have another name in Pulumi."""

ALTERNATIVES = {"anyOf", "oneOf"}
LISTED = 12
"""How many of a property's values fit into a sentence."""

ELSEWHERE = {
    ("AWS::SSM::Parameter", "Type"),
    ("AWS::Lambda::Function", "Runtime"),
    ("lambda.CreateFunctionRequest", "Runtime"),
}
"""What CloudFormation alone refuses, and what another check has more to say about."""

BEYOND: Mapping[str, dict[str, Any]] = {
    # Above 10,240 MB a function needs instances of its own (Lambda quotas, 2026-11).
    "AWS::Lambda::Function": {"MemorySize": {"maximum": 10_240}},
    # Systems Manager: at most 15 levels, nothing of AWS's own; a hierarchy begins with a slash.
    "AWS::SSM::Parameter": {"Name": {"pattern": r"^(?!/?(?i:aws|ssm))((/[\w.-]+){1,15}|[\w.-]+)$"}},
    # EventBridge Scheduler takes a unit in singular and plural; its older rules take only what is right in English.
    "AWS::Scheduler::Schedule": {
        "ScheduleExpression": {
            "pattern": r"^(rate\([1-9]\d* (minute|hour|day)s?\)|cron\(\S+( \S+){5}\)"
            r"|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\))$"
        }
    },
    "AWS::Events::Rule": {
        "ScheduleExpression": {
            "pattern": r"^(rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minute|hour|day)s)\)|cron\(\S+( \S+){5}\))$"
        }
    },
    "AWS::SQS::Queue": {"RedrivePolicy": {"properties": {"maxReceiveCount": {"minimum": 1, "maximum": 1000}}}},
    # RDS: gp3 and gp2 volumes of PostgreSQL, and the ports that it takes.
    "AWS::RDS::DBInstance": {
        "AllocatedStorage": {"minimum": 20, "maximum": 65_536},
        "Port": {"minimum": 1150, "maximum": 65_535},
        "MonitoringInterval": {"enum": [0, 1, 5, 10, 15, 30, 60]},
    },
    "AWS::EC2::SecurityGroup": {
        way: {"items": {"properties": {end: {"minimum": -1, "maximum": 65_535} for end in ("FromPort", "ToPort")}}}
        for way in ("SecurityGroupIngress", "SecurityGroupEgress")
    },
    "AWS::RDS::DBSubnetGroup": {"SubnetIds": {"minItems": 2}},
    "AWS::ApiGatewayV2::Authorizer": {"JwtConfiguration": {"properties": {"Issuer": {"pattern": "^https://[^/]+"}}}},
    "AWS::ApiGatewayV2::Api": {
        "CorsConfiguration": {
            "properties": {
                "MaxAge": {"minimum": -1, "maximum": 86_400},
                "AllowOrigins": {"items": {"pattern": r"^(\*|https?://(\*\.)?[^/*\s]+)$"}},
            }
        }
    },
    "AWS::ApiGatewayV2::Integration": {"TimeoutInMillis": {"minimum": 50, "maximum": 30_000}},
    "AWS::ApiGatewayV2::Stage": {
        "DefaultRouteSettings": {
            "properties": {"ThrottlingRateLimit": {"minimum": 0}, "ThrottlingBurstLimit": {"minimum": 0}}
        }
    },
    "s3.BucketLifecycleConfiguration": {
        "Rules": {
            "items": {
                "properties": {
                    "Expiration": {"properties": {"Days": {"minimum": 1}}},
                    "NoncurrentVersionExpiration": {"properties": {"NoncurrentDays": {"minimum": 1}}},
                    "AbortIncompleteMultipartUpload": {"properties": {"DaysAfterInitiation": {"minimum": 1}}},
                }
            }
        }
    },
}
"""What the services' documentation says, and the schemas do not."""


def values_are_taken(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each value of each resource is one that the service's schema takes."""
    graph = rehearsed.graph
    for resource in graph.resources:
        told: set[str] = set()
        for kind in kinds_of(graph.region, resource.type):
            given = properties_of(graph, resource, kind)
            schemas = (schema_of(graph.region, kind), *conditions_of(graph.region, kind), _beyond(kind))
            for fault in (fault for schema in schemas for fault in _faults(schema, given)):
                path = ".".join(str(part) for part in fault.absolute_path)
                if path.lower() not in told and (kind, path) not in ELSEWHERE:
                    told.add(path.lower())
                    yield finding_at(
                        resource,
                        "value-refused",
                        "high",
                        f"The deploy will fail: {resource.name}'s {path} is {str(fault.instance)[:120]!r}, which "
                        f"{kind} does not take: it {OF_VALUES[str(fault.validator)]}",
                        _wanted(fault),
                    )


def _beyond(kind: str) -> dict[str, Any]:
    return {"properties": BEYOND.get(kind, {})}


def _faults(schema: dict[str, Any], given: dict[str, Any]) -> Iterator[ValidationError]:
    for fault in Validator(schema).iter_errors(given):
        if fault.validator in OF_VALUES and not ALTERNATIVES & set(map(str, fault.absolute_schema_path)):
            yield fault


def _wanted(fault: ValidationError) -> str:
    name, value = fault.validator, fault.validator_value
    if name == "enum" and isinstance(value, list):
        names = [str(one) for one in value]
        near = (get_close_matches(str(fault.instance), names, LISTED) or names)[:LISTED]
        return f"Use one of {', '.join(near)}{', …' if len(near) < len(names) else ''}."
    words = {"minimum": "at least", "maximum": "at most", "pattern": "what matches", "multipleOf": "a multiple of"}
    return f"Use {words.get(str(name), f'{name} of')} {value}."


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """As AWS means it: some patterns are of other languages than Python's."""
    try:
        fits = not isinstance(instance, str) or re.search(pattern, instance)
    except re.error:
        return
    if not fits:
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _least(_: Any, least: float, instance: Any, __: Any) -> Iterator[ValidationError]:
    if (number := _number(instance)) is not None and number < least:
        yield ValidationError(f"{instance} is less than {least}")


def _most(_: Any, most: float, instance: Any, __: Any) -> Iterator[ValidationError]:
    if (number := _number(instance)) is not None and number > most:
        yield ValidationError(f"{instance} is more than {most}")


def _number(value: Any) -> float | None:
    """Some numbers are texts in CloudFormation."""
    text = str(value)
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


Validator = extend(Draft7Validator, {"pattern": _pattern, "minimum": _least, "maximum": _most})

CHECKS = (values_are_taken,)
