"""From an HTTP request to the parameters of an operation, checked against botocore's service model."""

import base64
import binascii
import json
import math
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.validate import ParamValidator

from bedrock_emulator.constraints import violations
from bedrock_emulator.documents import Document
from bedrock_emulator.errors import ServiceError, invalid
from bedrock_emulator.rules import broken


def parse_request(
    operation: OperationModel, path_values: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> Document:
    """The operation's parameters, as a boto3 caller would have passed them.

    Raises ServiceError: SerializationException when the body is not a JSON object, ValidationException when
    the parameters do not fit the input shape.
    """
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return {}
    payload = shape.serialization.get("payload")
    parameters: Document = {payload: body} if payload else _json_object(body)
    for name, member in shape.members.items():
        if name in parameters and "location" in member.serialization:
            raise invalid(f"{name} is not a member of the request body")
    parameters = _deserialise(parameters, shape)
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        if member.serialization.get("location") == "uri":
            parameters[name] = path_values[wire_name]
        elif member.serialization.get("location") == "header" and wire_name in headers:
            parameters[name] = headers[wire_name]
    _validate(parameters, shape)
    return parameters


def strict_json(body: bytes) -> Any:
    """A JSON value. Raises ValueError or RecursionError for a body that is none, ServiceError for NaN and Infinity."""
    parsed = json.loads(body or b"{}", parse_constant=_refused, parse_float=_finite)
    # Half a surrogate pair can be written in JSON, but is no text.
    json.dumps(parsed, ensure_ascii=False).encode()
    return parsed


def _json_object(body: bytes) -> Document:
    try:
        parsed = strict_json(body)
    except (ValueError, RecursionError) as exc:
        raise ServiceError("SerializationException", f"The request body is not valid JSON: {exc}") from exc
    if not isinstance(parsed, dict):
        raise ServiceError("SerializationException", "The request body must be a JSON object")
    return parsed


def _refused(constant: str) -> float:
    """NaN and Infinity are no JSON, although Python reads and writes them."""
    raise broken("number-not-finite", constant=constant)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refused("a number beyond the range of a double")


def _deserialise(value: Any, shape: Shape) -> Any:
    """Blobs from base64; null members left out, as the service does. What does not fit is left as it is."""
    if shape.type_name == "blob" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as exc:
            raise ServiceError("SerializationException", f"{shape.name} is not valid base64") from exc
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        if shape.is_document_type:
            return value
        members = shape.members
        return {
            name: _deserialise(item, members[name]) if name in members else item
            for name, item in value.items()
            if item is not None
        }
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _deserialise(item, shape.value) for key, item in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_deserialise(item, shape.member) for item in value]
    return value


def _validate(parameters: Document, shape: StructureShape) -> None:
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise invalid(report.generate_report())
    # botocore leaves enums, patterns and upper bounds to the service, so they are checked here.
    found = violations(parameters, shape)
    if found:
        noun = "error" if len(found) == 1 else "errors"
        raise invalid(f"{len(found)} validation {noun} detected: {'; '.join(found)}")
