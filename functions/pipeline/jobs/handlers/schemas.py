"""The schemas of the description: those of the API's bodies, and of each analysis's input and result."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from pipeline.definitions.analysis import AnyAnalysis
from pipeline.jobs.domain.request import AnalyzeRequest
from pipeline.platform.http import Problem
from pipeline.platform.openapi import REF, GatewayError, Json
from pipeline.platform.openapi_schemas import request_schemas, response_schemas
from pipeline.platform.routing import Route


def schemas(routes: Iterable[Route], analyses: Mapping[str, AnyAnalysis]) -> Json:
    """Every schema of the description by its name, which is also its title: code generators name types by it."""
    responses = [response for route in routes for response in (route.success, route.failure) if response]
    answers: list[type[BaseModel]] = [response.model for response in responses if response.model]
    named = response_schemas([*answers, Problem, GatewayError])
    named |= request_schemas([AnalyzeRequest])
    request = named.pop("AnalyzeRequest")
    variants, results = {}, []
    for name, analysis in sorted(analyses.items()):
        title = "".join(word.capitalize() for word in name.split("-"))
        named |= request_schemas([analysis.input_model], f"{title}Input")
        named |= response_schemas([analysis.output_model], f"{title}Result")
        properties = {
            **request["properties"],
            "analysis": {"type": "string", "const": name},
            "input": _reference(f"{title}Input"),
        }
        named[f"{title}Request"] = {**request, "description": analysis.description, "properties": properties}
        variants[name] = _reference(f"{title}Request")
        results.append(_reference(f"{title}Result"))
    mapping = {name: variant["$ref"] for name, variant in variants.items()}
    discriminator = {"propertyName": "analysis", "mapping": mapping}
    named["AnalyzeRequest"] = {"oneOf": list(variants.values()), "discriminator": discriminator}
    # Any object, too: a job keeps the result of the release that ran it.
    named["StatusBody"]["properties"]["result"] = {
        "description": "Null until the job has succeeded, and for a result over 100 kB: follow result_url.",
        "anyOf": [*results, {"type": "object"}, {"type": "null"}],
    }
    return {name: {**schema, "title": name} for name, schema in sorted(named.items())}


def _reference(name: str) -> Json:
    return {"$ref": REF.format(model=name)}
