"""Parts of an OpenAPI description: error responses, of the functions and of API Gateway, and security schemes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from pipeline.platform.http import Problem

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """An error status, as the description explains it."""

    description: str
    headers: Mapping[str, str] = field(default_factory=dict)


class GatewayError(BaseModel):
    """API Gateway's own answer to unauthenticated, throttled and timed-out requests."""

    message: str


REF = "#/components/schemas/{model}"

ANSWERED_BY_GATEWAY = {"401", "403", "413", "429", "500", "503"}
"""Statuses that API Gateway may return before or instead of the function, in its own format."""

ALWAYS = ("429", "500", "503")
"""Statuses that any request may get."""

CREDENTIALS: dict[str, tuple[str, Json, tuple[str, ...]]] = {
    "jwt": ("token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}, ("401", "403")),
    "iam": (
        "signature",
        {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "AWS Signature Version 4 for the service execute-api.",
            "x-amazon-apigateway-authtype": "awsSigv4",
        },
        ("403",),
    ),
}
"""By API Gateway's name of the authorizer: the scheme's name, the scheme, and the statuses of refused callers."""


def json_content(model: type[BaseModel]) -> Json:
    """JSON content with the model's schema."""
    return {"application/json": {"schema": ref(model)}}


def ref(model: type[BaseModel]) -> Json:
    """A reference to the model's schema."""
    return {"$ref": REF.format(model=model.__name__)}


def problem_content() -> Json:
    """Content of a problem document."""
    return {"application/problem+json": {"schema": ref(Problem)}}


def problems(responses: Mapping[str, ErrorResponse], *statuses: str) -> Json:
    """The responses with these statuses, described by ``responses``."""
    return {
        status: {
            "description": responses[status].description,
            "headers": {name: header(why) for name, why in responses[status].headers.items()},
            "content": _error_content(status),
        }
        for status in statuses
    }


def _error_content(status: str) -> Json:
    own = {} if status == "401" else problem_content()
    return {**own, **json_content(GatewayError)} if status in ANSWERED_BY_GATEWAY else own


def header(description: str) -> Json:
    """A response header."""
    return {"description": description, "schema": {"type": "string"}}
