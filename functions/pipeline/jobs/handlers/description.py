"""The OpenAPI 3.1 description, made from the routes and from the models that the handlers use."""

from collections.abc import Iterable, Mapping

from pipeline import __version__
from pipeline.definitions.analysis import AnyAnalysis
from pipeline.jobs.handlers.error_responses import ERROR_RESPONSES
from pipeline.jobs.handlers.schemas import schemas
from pipeline.platform.openapi import (
    ALWAYS,
    CREDENTIALS,
    GatewayError,
    Json,
    header,
    json_content,
    problem_content,
    problems,
    ref,
)
from pipeline.platform.openapi_schemas import query_parameters
from pipeline.platform.routing import Route, RouteResponse

JOB_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
    "example": "6b0f3f0e-8f0f-4f6e-9a3a-0d6f1c1d7b52",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeating a request with the same key returns the same job and never creates a second one.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "order-4711",
}

TAGS = {"jobs": "Analyses of documents.", "service": "The service itself."}


def description(routes: Iterable[Route], analyses: Mapping[str, AnyAnalysis], authorization: str) -> Json:
    """The description of the API with these routes and analyses: ``authorization`` is ``open``, ``iam`` or ``jwt``."""
    paths: Json = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    described: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "Bedrock pipeline",
            "version": __version__,
            "description": "Submit an analysis with POST /analyze, then poll GET /status/{id} until it is final.",
            "license": {"name": "MIT", "identifier": "MIT"},
            "contact": {"name": "The operators of this stage"},
        },
        "servers": [{"url": "/", "description": "The stage that this description comes from."}],
        "security": [],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {"schemas": schemas(routes, analyses)},
    }
    if authorization in CREDENTIALS:
        _secure(described, authorization)
    return described


def _secure(described: Json, authorization: str) -> None:
    name, scheme, refused = CREDENTIALS[authorization]
    described["security"] = [{name: []}]
    described["components"]["securitySchemes"] = {name: scheme}
    for path in described["paths"].values():
        for operation in path.values():
            if "security" not in operation:
                operation["responses"] |= problems(ERROR_RESPONSES, *refused)


def _operation(route: Route) -> Json:
    success = route.success
    operation: Json = {"operationId": route.operation_id, "summary": route.summary, "tags": [route.tag]}
    response: Json = {
        "description": success.description,
        "content": json_content(success.model)
        if success.model
        else {"application/json": {"schema": {"type": "object"}}},
    }
    if success.headers:
        response["headers"] = {name: header(why) for name, why in success.headers.items()}
    if success.links:
        by_id = {"id": "$response.body#/id"}
        response["links"] = {name: {"operationId": name, "parameters": by_id} for name in success.links}
    always = ("429", "500") if route.public else ALWAYS
    responses = {str(int(success.status)): response, **problems(ERROR_RESPONSES, *route.errors, *always)}
    if route.failure:
        responses[str(int(route.failure.status))] = _failure(route.failure)
    return {
        **operation,
        "description": route.description or f"{route.summary}.",
        **({"parameters": parameters} if (parameters := _parameters(route)) else {}),
        **({"requestBody": {"required": True, "content": json_content(route.body)}} if route.body else {}),
        **({"security": []} if route.public else {}),
        "responses": dict(sorted(responses.items())),
    }


def _parameters(route: Route) -> list[Json]:
    if route.query:
        return query_parameters(route.query)
    return [IDEMPOTENCY_KEY] if route.body else [JOB_ID] if "{id}" in route.path else []


def _failure(failure: RouteResponse) -> Json:
    models = [model for model in (failure.model, GatewayError) if model]
    anything = {"schema": {"anyOf": [ref(model) for model in models]}}
    return {"description": failure.description, "content": {"application/json": anything, **problem_content()}}
