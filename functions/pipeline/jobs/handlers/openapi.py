"""The OpenAPI description, made from the models that the handlers use."""

from collections.abc import Mapping

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from pipeline import __version__
from pipeline.definitions.analysis import AnyAnalysis
from pipeline.jobs.domain.failure import EXPLANATIONS
from pipeline.jobs.domain.request import AnalyzeRequest
from pipeline.jobs.handlers.bodies import Accepted, HealthBody, PageBody, Problem, Refusal, StatusBody
from pipeline.jobs.handlers.listing import ListQuery
from pipeline.platform.openapi import (
    ALWAYS,
    CREDENTIALS,
    REF,
    Json,
    header,
    json_content,
    problem_content,
    problems,
    ref,
)

JOB_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
    "example": "6b0f3f0e-8f0f-4f6e-9a3a-0d6f1c1d7b52",
}


def document(analyses: Mapping[str, AnyAnalysis], authorizer: str | None = None) -> Json:
    """The description of the API that serves these analyses (OpenAPI 3.1), to callers who are known by that."""
    described = _described(analyses)
    if authorizer not in CREDENTIALS:
        return described
    name, scheme, refused = CREDENTIALS[authorizer]
    described["security"] = [{name: []}]
    described["components"]["securitySchemes"] = {name: scheme}
    for path in described["paths"].values():
        for operation in path.values():
            if "security" not in operation:
                operation["responses"] |= problems(*refused)
    return described


def _described(analyses: Mapping[str, AnyAnalysis]) -> Json:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Analysis pipeline",
            "version": __version__,
            "description": "Submit an analysis with POST /analyze, then poll GET /status/{id} until it is final.",
        },
        "paths": {
            "/analyze": {"post": _analyze()},
            "/status/{id}": {"get": _status()},
            "/jobs": {"get": _jobs()},
            "/jobs/{id}/cancel": {"post": _cancel()},
            "/health": {"get": _health()},
            "/openapi.json": {"get": _openapi()},
        },
        "components": {"schemas": _schemas(analyses)},
    }


def _analyze() -> Json:
    return {
        "operationId": "analyze",
        "summary": "Submit an analysis",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "The same key with the same request gives the same job, never a second one.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
                "example": "order-4711",
            }
        ],
        "requestBody": {"required": True, "content": json_content("AnalyzeRequest")},
        "responses": {
            "202": {
                "description": "The job is recorded and on the queue.",
                "headers": {
                    "Location": header("Where to poll."),
                    "Retry-After": header("Seconds until a poll."),
                },
                "content": json_content("Accepted"),
                "links": {
                    name: {"operationId": name, "parameters": {"id": "$response.body#/id"}}
                    for name in ("status", "cancel")
                },
            },
            **problems("400", "409", "413", "415", "422", *ALWAYS),
        },
    }


def _status() -> Json:
    codes = "; ".join(f"`{code}`: {explanation}" for code, (explanation, _) in EXPLANATIONS.items())
    return {
        "operationId": "status",
        "summary": "Where a job stands",
        "description": f"The codes of `error.code`. {codes}",
        "parameters": [JOB_ID],
        "responses": {
            "200": {
                "description": "The job. While it is not final there is a Retry-After.",
                "headers": {"Retry-After": header("Seconds until the next poll.")},
                "content": json_content("StatusBody"),
            },
            **problems("404", *ALWAYS),
        },
    }


def _jobs() -> Json:
    query: Json = ListQuery.model_json_schema(ref_template=REF)["properties"]
    return {
        "operationId": "jobs",
        "summary": "The caller's jobs, newest first",
        "parameters": [{"name": name, "in": "query", "required": False, "schema": query[name]} for name in query],
        "responses": {
            "200": {"description": "A page of jobs, without their results.", "content": json_content("PageBody")},
            **problems("422", *ALWAYS),
        },
    }


def _cancel() -> Json:
    return {
        "operationId": "cancel",
        "summary": "Cancel a job that waits or runs",
        "description": "A model call that is under way is not taken back, and is paid for; its answer is dropped.",
        "parameters": [JOB_ID],
        "responses": {
            "200": {"description": "The job, which is cancelled.", "content": json_content("StatusBody")},
            **problems("404", "409", *ALWAYS),
        },
    }


def _health() -> Json:
    return {
        "operationId": "health",
        "summary": "Whether the service's dependencies answer",
        "security": [],
        "responses": {
            "200": {"description": "All do.", "content": json_content("HealthBody")},
            "503": {
                "description": "At least one does not.",
                "content": {
                    "application/json": {"schema": {"anyOf": [ref("HealthBody"), ref("Refusal")]}},
                    **problem_content(),
                },
            },
            **problems("429", "500"),
        },
    }


def _openapi() -> Json:
    return {
        "operationId": "openapi",
        "summary": "This description",
        "responses": {
            "200": {
                "description": "OpenAPI 3.1",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            **problems(*ALWAYS),
        },
    }


def _schemas(analyses: Mapping[str, AnyAnalysis]) -> Json:
    answers: list[type[BaseModel]] = [Accepted, StatusBody, PageBody, HealthBody, Problem, Refusal]
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
