"""Which model an id names, and the ids and lengths that are refused."""

import re
from typing import Any

import pytest
from bedrock_emulator.emulator import check
from bedrock_emulator.errors import ServiceError
from bedrock_emulator.model_rules import find_model

SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:us-east-1"


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks or [{"text": "Hello."}])}


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


def test_an_embedding_model_does_not_converse() -> None:
    assert "doesn't support the model" in refused({"modelId": "amazon.titan-embed-text-v2:0"}).message


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", r"prompt is too long: \d+ tokens > 200000 maximum"),
        ("us.amazon.nova-lite-v1:0", "Input Tokens Exceeded: Number of input tokens exceeds maximum length"),
        ("us.meta.llama3-3-70b-instruct-v1:0", "This model's maximum context length is 128000 tokens"),
        ("cohere.command-r-v1:0", "too many tokens: total number of tokens in the prompt cannot exceed 128000"),
        ("ai21.jamba-1-5-large-v1:0", "Input is too long for requested model"),
    ],
)
def test_an_input_beyond_the_context_is_refused_in_its_vendors_words(model: str, message: str) -> None:
    too_long = refused({"modelId": model, "messages": [user({"text": "word " * 350_000})]})
    assert too_long.code == "ValidationException"
    assert re.search(message, too_long.message)
