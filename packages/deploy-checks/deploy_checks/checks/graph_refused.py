"""Values that AWS refuses, by its schemas: for every resource and every property."""

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
    "enum": "is not an allowed value",
    "const": "is not the allowed value",
    "minimum": "is too low",
    "maximum": "is too high",
    "multipleOf": "is not a multiple of the step",
    "pattern": "is not well formed",
    "minLength": "is too short",
    "maxLength": "is too long",
    "minItems": "are too few",
    "maxItems": "are too many",
    "uniqueItems": "has one twice",
    "not": "is reserved",
}
"""Rules of a schema about values. Rules about missing or additional properties are ignored: Pulumi's names differ."""

ALTERNATIVES = {"anyOf", "oneOf"}
LISTED = 12
"""The most values that a message lists."""

ELSEWHERE = {
    ("AWS::SSM::Parameter", "Type"),
    ("AWS::Lambda::Function", "Runtime"),
    ("lambda.CreateFunctionRequest", "Runtime"),
}
"""Values that only CloudFormation refuses, or that another check reports in more detail."""

PORT = {"minimum": -1, "maximum": 65_535}
DESCRIPTION = {"pattern": r"^[a-zA-Z0-9. _:/()#,@\[\]+=&;{}!$*-]{0,255}$"}
"""Of a security group and of its rules (CreateSecurityGroup)."""

ADDITIONAL: Mapping[str, dict[str, Any]] = {
    # More than 10,240 MB needs dedicated instances (Lambda quotas, 2026-11).
    "AWS::Lambda::Function": {"MemorySize": {"maximum": 10_240}},
    # Systems Manager: at most 15 levels, no reserved prefix; a hierarchy begins with a slash.
    "AWS::SSM::Parameter": {"Name": {"pattern": r"^(?!/?(?i:aws|ssm))((/[\w.-]+){1,15}|[\w.-]+)$"}},
    # EventBridge Scheduler accepts units in singular and plural; EventBridge rules only the grammatical form.
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
    # RDS: gp3 and gp2 volumes of PostgreSQL, and the allowed ports.
    "AWS::RDS::DBInstance": {
        "AllocatedStorage": {"minimum": 20, "maximum": 65_536},
        "Port": {"minimum": 1150, "maximum": 65_535},
        "MonitoringInterval": {"enum": [0, 1, 5, 10, 15, 30, 60]},
    },
    "ec2.CreateSecurityGroupRequest": {"Description": DESCRIPTION},
    "AWS::EC2::SecurityGroup": {
        way: {"items": {"properties": {"FromPort": PORT, "ToPort": PORT, "Description": DESCRIPTION}}}
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
"""Rules of the services' documentation that the schemas lack."""


def values_are_taken(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The service's schema accepts every value of every resource."""
    graph = rehearsed.graph
    for resource in graph.resources:
        reported: set[str] = set()
        for kind in kinds_of(graph.region, resource.type):
            given = properties_of(graph, resource, kind)
            schemas = (schema_of(graph.region, kind), *conditions_of(graph.region, kind), _additional(kind))
            for error in (error for schema in schemas for error in _errors(schema, given)):
                path = ".".join(str(part) for part in error.absolute_path)
                if path.lower() not in reported and (kind, path) not in ELSEWHERE:
                    reported.add(path.lower())
                    yield finding_at(
                        resource,
                        "value-refused",
                        "high",
                        f"The deploy will fail: {resource.name}'s {path} is {str(error.instance)[:120]!r}, which "
                        f"{kind} refuses: it {OF_VALUES[str(error.validator)]}",
                        _fix(error),
                    )


def _additional(kind: str) -> dict[str, Any]:
    return {"properties": ADDITIONAL.get(kind, {})}


def _errors(schema: dict[str, Any], given: dict[str, Any]) -> Iterator[ValidationError]:
    for error in Validator(schema).iter_errors(given):
        if error.validator in OF_VALUES and not ALTERNATIVES & set(map(str, error.absolute_schema_path)):
            yield error


def _fix(error: ValidationError) -> str:
    name, value = error.validator, error.validator_value
    if name == "enum" and isinstance(value, list):
        names = [str(one) for one in value]
        near = (get_close_matches(str(error.instance), names, LISTED) or names)[:LISTED]
        return f"Use one of {', '.join(near)}{', …' if len(near) < len(names) else ''}."
    words = {
        "minimum": "at least",
        "maximum": "at most",
        "pattern": "a value that matches",
        "multipleOf": "a multiple of",
    }
    return f"Use {words.get(str(name), f'{name} of')} {value}."


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """Match the pattern, if Python can: some of AWS's patterns use another dialect."""
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
    """The number, or the number in a string: CloudFormation has both."""
    text = str(value)
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


Validator = extend(Draft7Validator, {"pattern": _pattern, "minimum": _least, "maximum": _most})

CHECKS = (values_are_taken,)
