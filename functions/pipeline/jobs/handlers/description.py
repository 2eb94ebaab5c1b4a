"""The OpenAPI 3.1 description, made from the routes and from the models that the handlers use."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from pipeline import __version__
from pipeline.definitions.analysis import AnyAnalysis
from pipeline.jobs.domain.request import AnalyzeRequest
from pipeline.jobs.handlers.error_responses import ERROR_RESPONSES
from pipeline.platform.http import Problem
from pipeline.platform.openapi import (
    ALWAYS,
    CREDENTIALS,
    REF,
    GatewayError,
    Json,
    header,
    json_content,
    problem_content,
    problems,
    ref,
)
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


def description(routes: Iterable[Route], analyses: Mapping[str, AnyAnalysis], authorizer: str | None = None) -> Json:
    """The description of the API with these routes and analyses, for callers authenticated by ``authorizer``."""
    paths: Json = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    described: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "Bedrock pipeline",
            "version": __version__,
            "description": "Submit an analysis with POST /analyze, then poll GET /status/{id} until it is final.",
        },
        "paths": paths,
        "components": {"schemas": _schemas(routes, analyses)},
    }
    if authorizer in CREDENTIALS:
        _secure(described, authorizer)
    return described


def _secure(described: Json, authorizer: str) -> None:
    name, scheme, refused = CREDENTIALS[authorizer]
    described["security"] = [{name: []}]
    described["components"]["securitySchemes"] = {name: scheme}
    for path in described["paths"].values():
        for operation in path.values():
            if "security" not in operation:
                operation["responses"] |= problems(ERROR_RESPONSES, *refused)


def _operation(route: Route) -> Json:
    success, operation = route.success, {"operationId": route.operation_id, "summary": route.summary}
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
        **({"description": route.description} if route.description else {}),
        **({"parameters": parameters} if (parameters := _parameters(route)) else {}),
        **({"requestBody": {"required": True, "content": json_content(route.body)}} if route.body else {}),
        **({"security": []} if route.public else {}),
        "responses": dict(sorted(responses.items())),
    }


def _parameters(route: Route) -> list[Json]:
    if route.query:
        query: Json = route.query.model_json_schema(ref_template=REF)["properties"]
        return [{"name": name, "in": "query", "required": False, "schema": query[name]} for name in query]
    return [IDEMPOTENCY_KEY] if route.body else [JOB_ID] if "{id}" in route.path else []


def _failure(failure: RouteResponse) -> Json:
    models = [model for model in (failure.model, GatewayError) if model]
    anything = {"schema": {"anyOf": [ref(model) for model in models]}}
    return {"description": failure.description, "content": {"application/json": anything, **problem_content()}}


def _schemas(routes: Iterable[Route], analyses: Mapping[str, AnyAnalysis]) -> Json:
    responses = [response for route in routes for response in (route.success, route.failure) if response]
    own = [response.model for response in responses if response.model]
    answers: list[type[BaseModel]] = [*own, Problem, GatewayError]
    _, answered = models_json_schema([(model, "serialization") for model in answers], ref_template=REF)
    _, asked = models_json_schema([(AnalyzeRequest, "validation")], ref_template=REF)
    schemas: Json = {**answered["$defs"], **asked["$defs"]}
    request = schemas.pop("AnalyzeRequest")
    variants = {}
    for name, analysis in sorted(analyses.items()):
        title = "".join(word.capitalize() for word in name.split("-"))
        schemas[f"{title}Input"] = _standing_alone(analysis.input_model, schemas)
        schemas[f"{title}Result"] = _standing_alone(analysis.output_model, schemas)
        variant = {**request, "description": analysis.description, "title": title}
        variant["properties"] = {
            **request["properties"],
            "analysis": {"type": "string", "const": name},
            "input": {"$ref": REF.format(model=f"{title}Input")},
        }
        schemas[f"{title}Request"] = variant
        variants[name] = {"$ref": REF.format(model=f"{title}Request")}
    schemas["AnalyzeRequest"] = {
        "oneOf": list(variants.values()),
        "discriminator": {"propertyName": "analysis", "mapping": {n: v["$ref"] for n, v in variants.items()}},
    }
    return schemas


def _standing_alone(model: type[BaseModel], schemas: Json) -> Json:
    schema = model.model_json_schema(ref_template=REF)
    schemas.update(schema.pop("$defs", {}))
    return schema
