"""The registry finds every analysis, and names the module of an invalid one."""

import json
import re
from collections.abc import Iterator
from types import ModuleType

import pytest
from pipeline import analyses
from pipeline.definitions.analysis import AnyAnalysis
from pipeline.platform.strict_model import StrictModel

LOADED = analyses.load()


def module(name: str, **members: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(members)
    return made


BOUNDED = re.compile(r"\{\d+(,\d+)?\}\$$")
"""A pattern that ends with the number of its characters."""


def parts(schema: object, path: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    """Every object in a JSON schema, with its path: ``/properties/total``."""
    if isinstance(schema, dict):
        yield path or "/", schema
        for name, each in schema.items():
            yield from parts(each, f"{path}/{name}")
    elif isinstance(schema, list):
        for at, each in enumerate(schema):
            yield from parts(each, f"{path}/{at}")


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
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", analysis.name), "lower-case words, joined by hyphens"
    assert analysis.description.endswith("."), "the description is a sentence"
    assert analysis.settings.model is None, "the stage's configuration chooses the model"
    assert analysis.settings.max_tokens is not None, "ModelSettings needs max_tokens: it is paid for"
    models = (analysis.input_model, analysis.answer_model, analysis.output_model, analysis.rules_model)
    assert all(issubclass(model, StrictModel) for model in models)
    assert isinstance(analysis.rules_model(), analysis.rules_model), "every rule has a default"


@pytest.mark.parametrize("analysis", LOADED.values(), ids=LOADED)
def test_the_schema_of_an_answer_suits_a_forced_tool(analysis: AnyAnalysis) -> None:
    schema = analysis.answer_model.model_json_schema()
    assert schema["type"] == "object"
    assert len(schema.get("$defs", {})) <= 2
    for name, definition in schema.get("$defs", {}).items():
        assert f"#/$defs/{name}" not in json.dumps(definition), "recursive"
    for path, part in parts(schema):
        if part.get("type") == "object":
            assert part.get("additionalProperties") is False, f"{path} is not a StrictModel"
        if part.get("type") == "array":
            assert "maxItems" in part, f"{path} needs a max_length"
        if part.get("type") == "string" and not part.keys() & {"enum", "const"}:
            assert "maxLength" in part, f"{path} needs a max_length"
        assert "(?" not in str(part.get("pattern", "")), f"{path}: models do not follow such a pattern"


@pytest.mark.parametrize("analysis", LOADED.values(), ids=LOADED)
def test_the_schema_of_an_input_limits_every_list_and_text(analysis: AnyAnalysis) -> None:
    for path, part in parts(analysis.input_model.model_json_schema()):
        if part.get("type") == "array":
            assert "maxItems" in part, f"{path} needs a max_length"
        if part.get("type") == "string" and not part.keys() & {"enum", "const", "format"}:
            bounded = "maxLength" in part or BOUNDED.search(str(part.get("pattern", "")))
            assert bounded, f"{path} needs a max_length"
