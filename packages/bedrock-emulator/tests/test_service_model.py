"""The service model is the measure: of paths, of error codes, and of the emulator's own answers."""

import re
from typing import Any, get_args

import pytest
from bedrock_emulator.answers import Answer, Text, ToolCall
from bedrock_emulator.constraints import violations
from bedrock_emulator.converse_output import converse_output, stream_events, usage_of
from bedrock_emulator.plan import StopReason
from bedrock_emulator.prompt_cache import InputTokens
from bedrock_emulator.service_model import SERVICE, ServiceDescription
from bedrock_emulator.vocabularies import USUAL
from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape
from botocore.validate import ParamValidator

MODEL = ServiceModel(Loader().load_service_model(SERVICE, "service-2"), SERVICE)
SERVICE_DESCRIPTION = ServiceDescription.load()
ANSWERS = {
    "text": Answer((Text("Hello."),), "end_turn"),
    "stop sequence": Answer((Text(""),), "stop_sequence", {"stop_sequence": "END"}),
    "tools": Answer(
        (Text("Well."), ToolCall("tooluse_1", "look", '{"a": 1}'), ToolCall("tooluse_2", "b", "{")), "tool_use"
    ),
    "nothing": Answer((), "malformed_tool_use"),
    "counted elsewhere": Answer((Text("Hello."),), "end_turn", counted=(3, 4)),
}
ASKED: dict[str, Any] = {
    "performanceConfig": {"latency": "optimized"},
    "serviceTier": {"type": "priority"},
    "guardrailConfig": {"guardrailIdentifier": "abc", "guardrailVersion": "1", "trace": "enabled"},
}


def faults(value: Any, shape: Any) -> list[str]:
    report = ParamValidator().validate(value, shape)
    return [report.generate_report()] if report.has_errors() else violations(value, shape)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("asked", [{}, ASKED], ids=["plain", "echoed"])
def test_answers_fit_the_output_shape(answer: Answer, asked: dict[str, Any]) -> None:
    usage = usage_of(answer, InputTokens(10, read=2000, written=1500), USUAL)
    output = MODEL.operation_model("Converse").output_shape
    assert faults(converse_output(answer, usage, asked, 7), output) == []


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("asked", [{}, ASKED], ids=["plain", "echoed"])
def test_stream_events_fit_their_shapes(answer: Answer, asked: dict[str, Any]) -> None:
    shape = MODEL.shape_for("ConverseStreamOutput")
    assert isinstance(shape, StructureShape)
    for name, payload in stream_events(answer, usage_of(answer, InputTokens(10), USUAL), asked, 7):
        assert faults(payload, shape.members[name]) == []


def test_every_operation_is_found_by_its_method_and_path() -> None:
    for name in MODEL.operation_names:
        http = MODEL.operation_model(name).http
        path = re.sub(r"\{\w+\}", "arn%3Aaws%3Abedrock%3A%3Amodel%2Fa%20b", http["requestUri"])
        found = SERVICE_DESCRIPTION.find(http["method"], path)
        assert found is not None
        assert found[0].name == name
        assert set(found[1].values()) <= {"arn:aws:bedrock::model/a b"}
    assert SERVICE_DESCRIPTION.find("GET", "/model/a/converse") is None


def test_error_codes_have_the_status_of_the_service_model() -> None:
    codes = ("ThrottlingException", "ValidationException", "ModelErrorException", "ModelTimeoutException")
    assert [SERVICE_DESCRIPTION.error_status(code) for code in codes] == [429, 400, 424, 408]
    for shape in MODEL.operation_model("Converse").error_shapes:
        assert shape.name in SERVICE_DESCRIPTION.error_codes()


def test_a_plan_knows_the_stop_reasons_of_the_service_model() -> None:
    assert set(get_args(StopReason)) == set(MODEL.shape_for("StopReason").metadata["enum"])


def test_python_can_read_every_pattern_of_the_service_model() -> None:
    for name in MODEL.shape_names:
        re.compile(MODEL.shape_for(name).metadata.get("pattern", ""))
