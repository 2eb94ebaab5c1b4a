"""The OpenAPI description, made from the models that the handlers use."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from analysis import __version__
from analysis.domain.analysis import AnyAnalysis
from analysis.domain.failure import EXPLANATIONS
from analysis.domain.request import MAX_BODY_BYTES, AnalyzeRequest
from analysis.handlers.bodies import Accepted, HealthBody, PageBody, Problem, StatusBody
from analysis.handlers.listing import ListQuery

type Json = dict[str, Any]

REF = "#/components/schemas/{model}"

JOB_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}

REFUSALS = {
    "400": "The body is not JSON.",
    "403": "The credentials name neither a user nor a client.",
    "404": "There is no such job, or it is another caller's.",
    "409": "The Idempotency-Key was used before with another request, or the job to be cancelled has ended.",
    "413": f"The body is longer than {MAX_BODY_BYTES:,} bytes.",
    "415": "The body is not application/json.",
    "422": "A field, the query or the Idempotency-Key is at fault: `errors` says which and why.",
    "500": "A fault of this service.",
    "503": "Something that this service needs does not answer. Try again after Retry-After, with the same key.",
}


def document(analyses: Mapping[str, AnyAnalysis]) -> Json:
    """The description of the API that serves these analyses (OpenAPI 3.1)."""
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
            }
        ],
        "requestBody": {"required": True, "content": _json("AnalyzeRequest")},
        "responses": {
            "202": {
                "description": "The job is recorded and on the queue.",
                "headers": {
                    "Location": _header("Where to poll."),
                    "Retry-After": _header("Seconds until a poll."),
                },
                "content": _json("Accepted"),
            },
            **_problems("400", "403", "409", "413", "415", "422", "500", "503"),
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
                "headers": {"Retry-After": _header("Seconds until the next poll.")},
                "content": _json("StatusBody"),
            },
            **_problems("403", "404", "500", "503"),
        },
    }


def _jobs() -> Json:
    query: Json = ListQuery.model_json_schema(ref_template=REF)["properties"]
    return {
        "operationId": "jobs",
        "summary": "The caller's jobs, newest first",
        "parameters": [{"name": name, "in": "query", "required": False, "schema": query[name]} for name in query],
        "responses": {
            "200": {"description": "A page of jobs, without their results.", "content": _json("PageBody")},
            **_problems("403", "422", "500", "503"),
        },
    }


def _cancel() -> Json:
    return {
        "operationId": "cancel",
        "summary": "Cancel a job that waits or runs",
        "description": "A model call that is under way is not taken back, and is paid for; its answer is dropped.",
        "parameters": [JOB_ID],
        "responses": {
            "200": {"description": "The job, which is cancelled.", "content": _json("StatusBody")},
            **_problems("403", "404", "409", "500", "503"),
        },
    }


def _health() -> Json:
    return {
        "operationId": "health",
        "summary": "Whether the service's dependencies answer",
        "responses": {
            "200": {"description": "All do.", "content": _json("HealthBody")},
            "503": {
                "description": "At least one does not.",
                "content": {**_json("HealthBody"), **_problem_content()},
            },
            **_problems("500"),
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
            **_problems("500", "503"),
        },
    }


def _schemas(analyses: Mapping[str, AnyAnalysis]) -> Json:
    answers: list[type[BaseModel]] = [Accepted, StatusBody, PageBody, HealthBody, Problem]
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


def _json(model: str) -> Json:
    return {"application/json": {"schema": {"$ref": REF.format(model=model)}}}


def _problem_content() -> Json:
    return {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}


def _problems(*statuses: str) -> Json:
    return {status: {"description": REFUSALS[status], "content": _problem_content()} for status in statuses}


def _header(description: str) -> Json:
    return {"description": description, "schema": {"type": "string"}}
