"""The OpenAPI description is complete, and its references resolve."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pipeline import analyses
from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.domain.request import MAX_BODY_BYTES, MAX_ELEMENTS, MAX_METADATA_BYTES, MAX_TEXT_BYTES
from pipeline.jobs.handlers.api import ROUTES
from pipeline.jobs.handlers.description import description
from pipeline.platform.strict_model import StrictModel

from tests.support.jobs import MOOD

DOCUMENT = description(ROUTES, analyses.load(), "open")
SCHEMAS = DOCUMENT["components"]["schemas"]


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
    assert DOCUMENT["security"] == []
    assert "securitySchemes" not in DOCUMENT["components"]


def test_every_reference_resolves() -> None:
    text = json.dumps(DOCUMENT)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= SCHEMAS.keys()
    assert names >= SCHEMAS.keys(), "a component that nothing refers to"


def test_every_analysis_has_schemas_of_its_input_and_result() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert {"ComplaintTriageInput", "GapOptimizationInput", "SummaryInput", "SummaryResult"} <= set(schemas)
    assert schemas["SummaryRequest"]["properties"]["analysis"] == {"type": "string", "const": "summary"}
    assert len(schemas["AnalyzeRequest"]["oneOf"]) == len(analyses.load())


def test_every_failure_code_is_explained() -> None:
    text = DOCUMENT["paths"]["/status/{id}"]["get"]["description"]
    assert all(f"`{code}`" in text for code in FailureCode)


# Code generators rely on the following. ``tests/generated_clients`` runs three of them.


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the node that is a schema or holds one; names of properties are no parts."""
    if isinstance(node, dict):
        yield node
        for name, item in node.items():
            for each in item.values() if name == "properties" else [item]:
                yield from parts(each)
    elif isinstance(node, list):
        for item in node:
            yield from parts(item)


def test_every_schema_has_its_name_as_its_title_and_no_other_has_one() -> None:
    assert {name: schema["title"] for name, schema in SCHEMAS.items()} == {name: name for name in SCHEMAS}
    assert sum("title" in part for schema in SCHEMAS.values() for part in parts(schema)) == len(SCHEMAS)


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name.endswith("Request") or "Input" in name])
def test_optional_properties_of_requests_have_no_default(name: str) -> None:
    assert not [part for part in parts(SCHEMAS[name]) if "default" in part]


def test_optional_properties_of_a_request_are_not_required() -> None:
    assert set(SCHEMAS["SummaryRequest"]["required"]) == {"analysis", "input"}
    assert "Default: 0." in SCHEMAS["GapOptimizationInputPatient"]["properties"]["no_show_count"]["description"]


def test_query_parameters_are_optional_and_not_null() -> None:
    for parameter in DOCUMENT["paths"]["/jobs"]["get"]["parameters"]:
        assert not parameter["required"]
        assert parameter["description"]
        assert "null" not in json.dumps(parameter["schema"])


def test_the_description_has_a_server_and_tags() -> None:
    assert DOCUMENT["servers"][0]["url"] == "/"
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert tags == {tag for path in DOCUMENT["paths"].values() for each in path.values() for tag in each["tags"]}


def test_the_limits_of_a_request_are_described() -> None:
    text = json.dumps(DOCUMENT)
    for limit in (MAX_BODY_BYTES, MAX_TEXT_BYTES, MAX_ELEMENTS, MAX_METADATA_BYTES):
        assert f"{limit:,}" in text


def test_models_of_two_analyses_may_have_the_same_name() -> None:
    class Item(StrictModel):
        first: int

    class One(StrictModel):
        item: Item

    first, same_name = One, type("Item", (StrictModel,), {"__annotations__": {"second": str}})
    second = type("Two", (StrictModel,), {"__annotations__": {"item": same_name}})
    both = {
        name: replace(MOOD, name=name, input_model=model, output_model=model)
        for name, model in (("one", first), ("two", second))
    }
    schemas = description(ROUTES, both, "open")["components"]["schemas"]
    assert (list(schemas["OneInputItem"]["properties"]), list(schemas["TwoInputItem"]["properties"])) == (
        ["first"],
        ["second"],
    )
