"""The registry finds every analysis, and names the module of an invalid one."""

import json
import re
from collections.abc import Iterator
from types import ModuleType

import pytest
from pipeline import analyses
from pipeline.definitions.analysis import AnyAnalysis, NoRules
from pipeline.platform.strict_model import StrictModel

LOADED = analyses.load()


def module(name: str, **members: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(members)
    return made


def schemas(schema: object) -> Iterator[dict[str, object]]:
    """Every object in a JSON document, including the document itself."""
    if isinstance(schema, dict):
        yield schema
        for each in schema.values():
            yield from schemas(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from schemas(each)


def test_every_shipped_analysis_is_found_by_name() -> None:
    assert {"complaint-triage", "gap-optimization", "summary"} <= set(LOADED)
    assert all(name == analysis.name for name, analysis in LOADED.items())


def test_the_error_names_a_module_without_an_analysis() -> None:
    with pytest.raises(analyses.RegistryError, match=r"stray has no module-level ANALYSIS"):
        analyses.collect([module("stray", ANALYSIS="not one")])


def test_the_error_names_both_modules_of_a_duplicate_name() -> None:
    one = LOADED["summary"]
    with pytest.raises(analyses.RegistryError, match=r"first and second are both 'summary'"):
        analyses.collect([module("first", ANALYSIS=one), module("second", ANALYSIS=one)])


@pytest.mark.parametrize("analysis", LOADED.values(), ids=LOADED)
def test_an_analysis_has_a_name_a_description_and_limits(analysis: AnyAnalysis) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", analysis.name)
    assert analysis.description.endswith(".")
    assert analysis.settings.model is None
    assert analysis.settings.max_tokens is not None
    models = (analysis.input_model, analysis.answer_model, analysis.output_model, analysis.rules_model)
    assert all(issubclass(model, StrictModel) for model in models)
    assert isinstance(analysis.rules_model(), analysis.rules_model)
    assert analysis.rules_model is NoRules or analysis.name == "gap-optimization"


@pytest.mark.parametrize("analysis", LOADED.values(), ids=LOADED)
def test_the_schema_of_an_answer_suits_a_forced_tool(analysis: AnyAnalysis) -> None:
    schema = analysis.answer_model.model_json_schema()
    assert schema["type"] == "object"
    assert len(schema.get("$defs", {})) <= 2
    for name, definition in schema.get("$defs", {}).items():
        assert f"#/$defs/{name}" not in json.dumps(definition), "recursive"
    for part in schemas(schema):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
        if part.get("type") == "array":
            assert "maxItems" in part
        if part.get("type") == "string" and "enum" not in part:
            assert "maxLength" in part
        assert "(?" not in str(part.get("pattern", ""))


@pytest.mark.parametrize("analysis", LOADED.values(), ids=LOADED)
def test_the_schema_of_an_input_limits_every_list_and_text(analysis: AnyAnalysis) -> None:
    for part in schemas(analysis.input_model.model_json_schema()):
        if part.get("type") == "array":
            assert "maxItems" in part
        if part.get("type") == "string" and not part.keys() & {"enum", "format"}:
            assert "maxLength" in part or "{1,64}$" in str(part["pattern"])
