"""The OpenAPI description is complete, and its references resolve."""

import json

import pytest
from pipeline import analyses
from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.handlers.api import ROUTES
from pipeline.jobs.handlers.description import description

DOCUMENT = description(ROUTES, analyses.load())


def test_every_route_is_described() -> None:
    described = {f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert described == {route.key for route in ROUTES}


@pytest.mark.parametrize(("authorizer", "refused"), [("jwt", {"401", "403"}), ("iam", {"403"})])
def test_the_description_has_the_security_scheme_of_its_caller(authorizer: str, refused: set[str]) -> None:
    described = description(ROUTES, analyses.load(), authorizer)
    [name] = described["security"][0]
    assert name in described["components"]["securitySchemes"]
    for path, methods in described["paths"].items():
        for operation in methods.values():
            is_open = path == "/health"
            assert (operation.get("security") == []) is is_open
            assert refused.isdisjoint(operation["responses"]) is is_open


def test_an_open_api_has_no_security_scheme() -> None:
    assert "security" not in DOCUMENT
    assert "securitySchemes" not in DOCUMENT["components"]


def test_every_reference_resolves() -> None:
    text = json.dumps(DOCUMENT)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(DOCUMENT["components"]["schemas"])


def test_every_analysis_has_schemas_of_its_input_and_result() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert {"ComplaintTriageInput", "GapOptimizationInput", "SummaryInput", "SummaryResult"} <= set(schemas)
    assert schemas["SummaryRequest"]["properties"]["analysis"] == {"type": "string", "const": "summary"}
    assert len(schemas["AnalyzeRequest"]["oneOf"]) == len(analyses.load())


def test_every_failure_code_is_explained() -> None:
    text = DOCUMENT["paths"]["/status/{id}"]["get"]["description"]
    assert all(f"`{code}`" in text for code in FailureCode)
