"""The API's description is valid, complete, and true."""

import json

from analysis import analyses
from analysis.domain.failure import FailureCode
from analysis.handlers import openapi
from analysis.handlers.api import ROUTES

DOCUMENT = openapi.document(analyses.load())


def test_every_route_is_described() -> None:
    described = {f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert described == set(ROUTES)


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(DOCUMENT["components"]["schemas"])


def test_every_analysis_has_its_input_and_its_result() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert {"ComplaintTriageInput", "GapOptimizationInput", "SummaryInput", "SummaryResult"} <= set(schemas)
    assert schemas["SummaryRequest"]["properties"]["analysis"] == {"type": "string", "const": "summary"}
    assert len(schemas["AnalyzeRequest"]["oneOf"]) == len(analyses.load())


def test_every_failure_code_is_explained() -> None:
    description = DOCUMENT["paths"]["/status/{id}"]["get"]["description"]
    assert all(f"`{code}`" in description for code in FailureCode)
