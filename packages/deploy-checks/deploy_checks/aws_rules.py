"""AWS's rules for the values of properties: CloudFormation's schemas, as cfn-lint ships them, and for parts that
CloudFormation structures differently, the API's model in botocore.

They name the properties that Pulumi names, by rules: ``instanceClass`` is ``DBInstanceClass``. Properties without a
counterpart are ignored.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, ServiceModel, Shape, StructureShape
from stack_graph.graph import HIDDEN, Graph, Resource, Values

PACKAGE = find_spec("cfnlint")  # not imported: that takes two seconds, and its data are plain files
DATA = Path(str(PACKAGE and PACKAGE.origin)).parent / "data"
SCHEMAS = DATA / "schemas"

KINDS = {
    "cloudwatch/metricAlarm": "CloudWatch::Alarm",
    "cloudwatch/logGroup": "Logs::LogGroup",
    "cloudwatch/eventRule": "Events::Rule",
    "lambda/functionEventInvokeConfig": "Lambda::EventInvokeConfig",
    "lambda/functionUrl": "Lambda::Url",
    "sns/topicSubscription": "SNS::Subscription",
}
"""Types whose names differ by more than capitals and ``DB``."""

SHAPES = {
    "s3/bucketLifecycleConfiguration": "s3.BucketLifecycleConfiguration",
    "s3/bucketServerSideEncryptionConfiguration": "s3.ServerSideEncryptionConfiguration",
    "s3/bucketVersioning": "s3.PutBucketVersioningRequest",
}
"""Resources that are part of another in CloudFormation, and separate in Pulumi and in the API."""

NAMES = {
    "messageretentionseconds": "messageretentionperiod",
    "maxmessagesize": "maximummessagesize",
    "receivewaittimeseconds": "receivemessagewaittimeseconds",
    "evaluatelowsamplecountpercentiles": "evaluatelowsamplecountpercentile",
    "expiration": "expirationindays",
    "insecurevalue": "value",
}
"""Properties whose names differ by more than that, in lower case."""

UNSET = {("AWS::Logs::LogGroup", "RetentionInDays"): 0, ("AWS::Lambda::Function", "ReservedConcurrentExecutions"): -1}
"""Values with which Pulumi's provider expresses that a property is not set."""

PREFIXES = ("", "db", "master", "dbinstance", "enable", "securitygroup")
"""Prefixes that CloudFormation may add to Pulumi's name: ``DBSubnetGroupName``, ``MasterUsername``."""


@cache
def kinds_of(region: str, pulumi_type: str) -> tuple[str, ...]:
    """The schemas for a type: ``AWS::SQS::Queue`` and ``sqs.CreateQueueRequest`` for ``aws:sqs/queue:Queue``."""
    package, _, rest = pulumi_type.partition(":")
    path = rest.partition(":")[0]
    if package != "aws" or path in SHAPES:
        return (SHAPES[path],) if path in SHAPES else ()
    module, _, name = path.partition("/")
    known = {kind.lower(): kind for kind in _index(region)}
    parts = KINDS.get(path, f"{module}::{name}").lower().split("::")
    found = [known.get(f"aws::{parts[0]}::{prefix}{parts[1]}") for prefix in ("", "db")]
    return tuple(kind for kind in (*found, _request(module, name)) if kind)


@cache
def _model(service: str) -> ServiceModel | None:
    try:
        return botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return None


def _request(service: str, name: str) -> str | None:
    """The input shape of the API operation that creates the resource."""
    model = _model(service)
    operations = {operation.lower(): operation for operation in (model.operation_names if model else ())}
    for verb in ("create", "put"):
        if model and (operation := operations.get(f"{verb}{name.lower()}")):
            shape = model.operation_model(operation).input_shape
            return f"{service}.{shape.name}" if shape else None
    return None


@cache
def _index(region: str) -> dict[str, str]:
    file = SCHEMAS / "providers" / f"{region}.json"
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found


@cache
def schema_of(region: str, kind: str) -> dict[str, Any]:
    """The resource's schema."""
    service, dot, shape = kind.partition(".")
    model = _model(service) if dot else None
    if model:
        return _of_shape(model.shape_for(shape))
    file = SCHEMAS / "resources" / f"{_index(region)[kind]}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _of_shape(shape: Shape, within: tuple[str, ...] = ()) -> dict[str, Any]:
    if shape.name in within:
        return {}  # a statement of statements: what is inside is not judged
    inside = (*within, shape.name)
    match shape:
        case StructureShape():
            return {
                "type": "object",
                "properties": {name: _of_shape(one, inside) for name, one in shape.members.items()},
            }
        case ListShape():
            return {"type": "array", "items": _of_shape(shape.member, inside)}
    kind = {"integer": "integer", "long": "integer", "boolean": "boolean", "string": "string"}.get(shape.type_name)
    words = {"enum": "enum", "min": "minimum", "max": "maximum"} if kind == "integer" else {"enum": "enum"}
    return {"type": kind, **{word: shape.metadata[name] for name, word in words.items() if name in shape.metadata}}


@cache
def conditions_of(region: str, kind: str) -> tuple[dict[str, Any], ...]:
    """Schemas that depend on the region and on other properties, such as the instance classes of a database engine."""
    folder = SCHEMAS / "extensions" / kind.lower().replace("::", "_")
    found = []
    for file in sorted(folder.glob("*.json")):
        schema = json.loads(file.read_text(encoding="utf-8"))
        schema = schema.get(region, schema)
        of = {name.lower(): name for name in schema_of(region, kind)["properties"]}.get(file.stem.removesuffix("_enum"))
        if "enum" in schema and of:  # a schema for one property, named after it
            schema = {"properties": {of: schema}}
        if "cfnGather" not in schema:
            found.append(schema)
    return tuple(found)


def properties_of(graph: Graph, resource: Resource, kind: str) -> dict[str, Any]:
    """The resource's inputs with CloudFormation's names, without those that it lacks."""
    schema = schema_of(graph.region, kind)
    given = _translated(resource.inputs, schema, schema, kind.rpartition("::")[2])
    return {name: value for name, value in given.items() if UNSET.get((kind, name), ...) != value}


def _translated(given: Mapping[str, Any], schema: dict[str, Any], whole: dict[str, Any], noun: str) -> dict[str, Any]:
    names = {name.lower(): name for name in schema.get("properties", {})}
    found: dict[str, Any] = {}
    for pulumi, value in given.items():
        name = next((names[one] for one in _candidates(pulumi.lower(), noun.lower()) if one in names), None)
        if name and value is not None and value != HIDDEN:
            found.setdefault(name, _value(value, _resolved(schema["properties"][name], whole), whole))
    return {name: value for name, value in found.items() if value is not None}


def _candidates(name: str, noun: str) -> Iterator[str]:
    yield from (f"{prefix}{name}" for prefix in PREFIXES)
    yield from (f"{noun}{name}", name.removesuffix("seconds"), name.removesuffix("s"), f"{name}document")
    if name in NAMES:
        yield NAMES[name]


def _resolved(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    reference = str(schema.get("$ref", "")).rpartition("/")[2]
    found: dict[str, Any] = whole.get("definitions", {}).get(reference, schema)
    return found


def _value(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> Any:
    """The value in the schema's type; ``None`` if it cannot be converted, and so cannot be compared."""
    kinds = schema.get("type", "object" if "properties" in schema else None)
    kind = kinds if isinstance(kinds, str) else next(iter(kinds or ()), None)
    if kind == "object" and isinstance(value, str):
        value = Values({"text": value}).part("text").data
    match kind, value:
        case "object", dict() if "properties" in schema:
            return _translated(value, schema, whole, "")
        case "array", list():
            items = [_value(item, _resolved(schema.get("items", {}), whole), whole) for item in value]
            return None if None in items else items
        case "integer" | "number", str() if value.lstrip("-").isdigit():
            return int(value)
        case "integer" | "number", bool():
            return None
        case "integer" | "number", int() | float():
            return value
        case "string", int() | float() if not isinstance(value, bool):
            return str(value)
        case ("string", str()) | ("boolean", bool()):
            return value
    return None
