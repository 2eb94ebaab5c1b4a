"""Refused models, parameters and conversations, in the service's words."""

import re
from typing import Any

import pytest
from bedrock_emulator.conversation_rules import check_conversation
from bedrock_emulator.emulator import check
from bedrock_emulator.errors import ServiceError
from bedrock_emulator.model_rules import find_model

SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:us-east-1"


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks or [{"text": "Hello."}])}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks or [{"text": "Hello."}])}


def tool(name: str = "look", schema: Any = None) -> dict[str, Any]:
    return {"toolSpec": {"name": name, "inputSchema": {"json": schema or {"type": "object"}}}}


def use(identity: str) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": identity, "name": "look", "input": {}}}


def result(identity: str) -> dict[str, Any]:
    return {"toolResult": {"toolUseId": identity, "content": [{"text": "seen"}]}}


TOOLS = {"tools": [tool()]}


def refused(parameters: dict[str, Any], operation: str = "Converse") -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        check(operation, {"modelId": SONNET, "messages": [user()]} | parameters)
    return caught.value


@pytest.mark.parametrize(
    ("model_id", "base"),
    [
        ("amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0"),
        ("global.anthropic.claude-sonnet-5", "anthropic.claude-sonnet-5"),
        ("eu.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        (f"{ARN}::foundation-model/amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v2:0"),
        (f"{ARN}:123456789012:inference-profile/{SONNET}", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        (f"{ARN}:123456789012:application-inference-profile/a1b2c3d4", "a1b2c3d4"),
    ],
)
def test_ids_profiles_and_arns_name_a_model(model_id: str, base: str) -> None:
    assert find_model(model_id).base_id == base


@pytest.mark.parametrize(
    "model_id",
    [
        "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
        "anthropic.claude-3-sonnet-20240229-v1:0",
        "anthropic.claude-3-haiku-20240307-v1:0",
        "us.anthropic.claude-3-5-haiku-20241022-v1:0",
        "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
        "anthropic.claude-v2:1",
        f"{ARN}::foundation-model/anthropic.claude-3-opus-20240229-v1:0",
    ],
)
def test_models_past_their_end_of_life_are_not_found(model_id: str) -> None:
    error = refused({"modelId": model_id})
    assert error.code == "ResourceNotFoundException"
    assert error.message.startswith("This model version has reached the end of its life.")


@pytest.mark.parametrize(
    "model_id",
    [
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "anthropic.claude-haiku-5-5",
        f"{ARN}::foundation-model/anthropic.claude-opus-5",
    ],
)
def test_models_behind_a_profile_are_refused_by_their_bare_id(model_id: str) -> None:
    assert refused({"modelId": model_id}).message == (
        f"Invocation of model ID {model_id} with on-demand throughput isn't supported. "
        "Retry your request with the ID or ARN of an inference profile that contains this model."
    )


@pytest.mark.parametrize("model_id", ["unknown.model-1", "claude-sonnet", "us.claude", "xx.anthropic.claude-sonnet-5"])
def test_unknown_models_are_invalid(model_id: str) -> None:
    assert refused({"modelId": model_id}).message == "The provided model identifier is invalid."


@pytest.mark.parametrize(
    ("model_id", "inference", "message"),
    [
        (
            SONNET,
            {"temperature": 0.1, "topP": 0.9},
            "`temperature` and `top_p` cannot both be specified for this model.",
        ),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", {"temperature": 1, "topP": 1}, "Please use only one."),
        ("us.anthropic.claude-opus-4-6-v1", {"temperature": 1, "topP": 1}, "Please use only one."),
        ("global.anthropic.claude-sonnet-5", {"temperature": 0.1}, "`temperature` is deprecated for this model."),
        ("global.anthropic.claude-haiku-5-5", {"topP": 0.1}, "`top_p` is deprecated for this model."),
    ],
)
def test_sampling_parameters_that_a_model_refuses(model_id: str, inference: dict[str, Any], message: str) -> None:
    error = refused({"modelId": model_id, "inferenceConfig": inference})
    assert error.code == "ValidationException"
    assert message in error.message


@pytest.mark.parametrize(
    ("model_id", "inference"),
    [
        (SONNET, {"temperature": 0.1}),
        (SONNET, {"topP": 0.1}),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", {"temperature": 0.1, "topP": 0.9}),
        ("amazon.nova-pro-v1:0", {"temperature": 0.1, "topP": 0.9}),
        ("global.anthropic.claude-sonnet-5", {"maxTokens": 5}),
    ],
)
def test_sampling_parameters_that_a_model_accepts(model_id: str, inference: dict[str, Any]) -> None:
    check("Converse", {"modelId": model_id, "messages": [user()], "inferenceConfig": inference})


@pytest.mark.parametrize("choice", [{"tool": {"name": "look"}}, {"any": {}}])
def test_forced_tools_that_a_model_refuses(choice: dict[str, Any]) -> None:
    config = {"tools": [tool()], "toolChoice": choice}
    error = refused({"modelId": "global.anthropic.claude-sonnet-5-5", "toolConfig": config})
    assert 'tool_choice: type "tool" and "any" are not supported for this model.' in error.message
    check("Converse", {"modelId": "global.anthropic.claude-haiku-5-5", "messages": [user()], "toolConfig": config})


def test_an_embedding_model_does_not_converse() -> None:
    assert "doesn't support the model" in refused({"modelId": "amazon.titan-embed-text-v2:0"}).message


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", r"prompt is too long: \d+ tokens > 200000 maximum"),
        ("us.amazon.nova-lite-v1:0", "Input Tokens Exceeded: Number of input tokens exceeds maximum length"),
        ("us.meta.llama3-3-70b-instruct-v1:0", "This model's maximum context length is 200000 tokens"),
        ("cohere.command-r-v1:0", "too many tokens: total number of tokens in the prompt cannot exceed 200000"),
        ("ai21.jamba-1-5-large-v1:0", "Input is too long for requested model"),
    ],
)
def test_an_input_beyond_the_context_is_refused_in_its_vendors_words(model: str, message: str) -> None:
    too_long = refused({"modelId": model, "messages": [user({"text": "word " * 300_001})]})
    assert too_long.code == "ValidationException"
    assert re.search(message, too_long.message)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"messages": []}, "at least one user message"),
        ({"messages": [assistant()]}, "must start with a user message"),
        ({"messages": [user(), user()]}, "must alternate between user and assistant"),
        ({"messages": [{"role": "user", "content": []}]}, "content field in the Message object at messages.0 is empty"),
        ({"messages": [user({"text": " "})]}, "at messages.0.content.0 is blank"),
        ({"messages": [user(use("a"))], "toolConfig": TOOLS}, "toolUse block at messages.0.content.0 is not allowed"),
        (
            {"messages": [user(), assistant(use("a")), user()], "toolConfig": TOOLS},
            "Expected toolResult blocks at messages.2",
        ),
        ({"messages": [user(), assistant(use("a"))], "toolConfig": TOOLS}, "for the following Ids: a"),
        ({"messages": [user(result("a"))], "toolConfig": TOOLS}, "exceeds the number of toolUse blocks"),
        (
            {"messages": [user(), assistant(use("a")), user(result("a"), result("b"))], "toolConfig": TOOLS},
            "exceeds the number",
        ),
        ({"messages": [user(), assistant(use("a")), user(result("a"))]}, "toolConfig field must be defined"),
        ({"messages": [user()], "toolConfig": {"tools": [tool(), tool()]}}, "look is used more than once"),
        ({"messages": [user()], "toolConfig": {"tools": [tool(schema={"type": "array"})]}}, "'array', not 'object'"),
        (
            {"messages": [user()], "toolConfig": {"tools": [tool(schema={"type": "object", "required": 3})]}},
            "is not of type",
        ),
        (
            {"messages": [user()], "toolConfig": {"tools": [tool()], "toolChoice": {"tool": {"name": "hear"}}}},
            "tool hear",
        ),
    ],
)
def test_conversations_that_the_service_refuses(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError, match="ValidationException") as caught:
        check_conversation(parameters)
    assert message in caught.value.message


def test_a_conversation_with_answered_tools_is_accepted() -> None:
    turns = [
        user(),
        assistant({"text": "Let me look."}, use("a"), use("b")),
        user(result("b"), result("a")),
        assistant(),
    ]
    check_conversation({"messages": turns, "toolConfig": TOOLS})
