"""The emulator as boto3 sees it: Converse, ConverseStream, InvokeModel and CountTokens."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from bedrock_emulator import EMULATOR
from bedrock_emulator.running import running_emulator
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
COMPLAINT = (
    "I bought a kettle from your shop on 2026-03-12 for $49.50. It leaked on the first day. "
    "I would like a refund of the price. Please write to jo@example.com."
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "topic": {"enum": ["refund", "delivery", "praise"]},
        "price": {"type": "number"},
        "summary": {"type": "string", "maxLength": 100},
        "wish": {"type": "string"},
    },
    "required": ["topic", "price", "summary", "wish"],
    "additionalProperties": False,
}
TOOLS = {"tools": [{"toolSpec": {"name": "file_complaint", "inputSchema": {"json": SCHEMA}}}]}
FORCED = TOOLS | {"toolChoice": {"tool": {"name": "file_complaint"}}}
USER: dict[str, Any] = {"role": "user", "content": [{"text": f"<complaint>{COMPLAINT}</complaint> File it."}]}


@pytest.fixture(scope="module")
def client() -> "Iterator[BedrockRuntimeClient]":
    with running_emulator("--log-level", "warning") as emulator:
        client = boto3.client(
            "bedrock-runtime",
            endpoint_url=emulator.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        yield client
        client.close()


def converse(client: "BedrockRuntimeClient", **more: Any) -> dict[str, Any]:
    return dict(client.converse(**({"modelId": MODEL, "messages": [USER]} | more)))


def test_a_forced_tool_is_called_with_values_from_the_text(client: "BedrockRuntimeClient") -> None:
    answer = converse(client, toolConfig=FORCED)
    [block] = answer["output"]["message"]["content"]
    assert block["toolUse"]["name"] == "file_complaint"
    assert block["toolUse"]["input"] == {
        "topic": "refund",
        "price": 2026,
        "summary": "I bought a kettle from your shop on 2026-03-12 for $49.50.",
        "wish": "I bought a kettle from your shop on 2026-03-12 for $49.50.",
    }
    assert answer["stopReason"] == "tool_use"
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert answer["metrics"]["latencyMs"] >= 1


def test_the_same_request_gets_the_same_answer(client: "BedrockRuntimeClient") -> None:
    first, second = (converse(client, toolConfig=FORCED) for _ in range(2))
    assert first["output"] == second["output"]
    assert first["usage"] == second["usage"]
    assert first["ResponseMetadata"]["RequestId"] != second["ResponseMetadata"]["RequestId"]


def test_every_answer_is_marked_as_emulated(client: "BedrockRuntimeClient") -> None:
    answer = converse(client)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-emulator"] == EMULATOR
    assert answer["additionalModelResponseFields"] == {"emulator": EMULATOR}


def test_without_a_tool_the_answer_is_taken_from_the_text(client: "BedrockRuntimeClient") -> None:
    [block] = converse(client)["output"]["message"]["content"]
    assert block["text"].startswith("I bought a kettle")


@pytest.mark.parametrize(("status", "kind"), [("error", "toolUse"), ("success", "text")])
def test_after_a_tool_result(client: "BedrockRuntimeClient", status: str, kind: str) -> None:
    first = converse(client, toolConfig=TOOLS)["output"]["message"]
    use = first["content"][0]["toolUse"]
    result = {"toolUseId": use["toolUseId"], "content": [{"text": "It was filed as number 7."}], "status": status}
    turns = [USER, first, {"role": "user", "content": [{"toolResult": result}]}]
    [block] = converse(client, messages=turns, toolConfig=TOOLS)["output"]["message"]["content"]
    assert list(block) == [kind]
    if kind == "toolUse":
        assert block["toolUse"]["input"] == use["input"]
        assert block["toolUse"]["toolUseId"] != use["toolUseId"]
    else:
        assert block["text"] == "It was filed as number 7."


def test_output_config_gives_json_text(client: "BedrockRuntimeClient") -> None:
    schema = SCHEMA | {"properties": SCHEMA["properties"] | {"summary": {"type": "string"}}}
    structure = {"jsonSchema": {"schema": json.dumps(schema), "name": "complaint"}}
    answer = converse(client, outputConfig={"textFormat": {"type": "json_schema", "structure": structure}})
    assert json.loads(answer["output"]["message"]["content"][0]["text"])["topic"] == "refund"


def test_max_tokens_cuts_a_tool_call(client: "BedrockRuntimeClient") -> None:
    answer = converse(client, toolConfig=FORCED, inferenceConfig={"maxTokens": 25})
    assert answer["stopReason"] == "max_tokens"
    assert answer["usage"]["outputTokens"] <= 25
    assert set(answer["output"]["message"]["content"][0]["toolUse"]["input"]) < set(SCHEMA["properties"])


def test_a_stop_sequence_stops(client: "BedrockRuntimeClient") -> None:
    answer = converse(client, inferenceConfig={"stopSequences": ["kettle"]})
    assert answer["stopReason"] == "stop_sequence"
    assert answer["output"]["message"]["content"][0]["text"] == "I bought a "


def test_tiers_and_guardrail_traces_are_echoed(client: "BedrockRuntimeClient") -> None:
    guardrail: dict[str, Any] = {"guardrailIdentifier": "abc123", "guardrailVersion": "1"}
    answer = converse(
        client,
        performanceConfig={"latency": "optimized"},
        serviceTier={"type": "flex"},
        guardrailConfig=guardrail | {"trace": "enabled"},
    )
    assert answer["performanceConfig"] == {"latency": "optimized"}
    assert answer["serviceTier"] == {"type": "flex"}
    assert answer["trace"]["guardrail"]["actionReason"] == "No action."
    assert "trace" not in converse(client, guardrailConfig=guardrail)


def test_a_cached_prefix_is_read_the_second_time(client: "BedrockRuntimeClient") -> None:
    system = [{"text": "Handle complaints with care. " * 400}, {"cachePoint": {"type": "default"}}]
    first, second = (converse(client, system=system)["usage"] for _ in range(2))
    assert first["cacheWriteInputTokens"] == second["cacheReadInputTokens"] > 1024
    assert first["cacheReadInputTokens"] == second["cacheWriteInputTokens"] == 0
    assert first["totalTokens"] == second["totalTokens"]


def test_a_model_arn_in_the_path_is_understood(client: "BedrockRuntimeClient") -> None:
    converse(client, modelId=f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{MODEL}")


def test_documents_are_read_and_images_are_taken(client: "BedrockRuntimeClient") -> None:
    content = [
        {"text": "What is in it?"},
        {"document": {"format": "txt", "name": "complaint", "source": {"bytes": COMPLAINT.encode()}}},
        {"image": {"format": "png", "source": {"bytes": b"\x89PNG" * 1000}}},
    ]
    answer = converse(client, messages=[{"role": "user", "content": content}])
    assert "kettle" in answer["output"]["message"]["content"][0]["text"]


def test_a_streamed_tool_call_is_the_plain_one(client: "BedrockRuntimeClient") -> None:
    plain = converse(client, toolConfig=FORCED)
    stream = client.converse_stream(modelId=MODEL, messages=[USER], toolConfig=FORCED)["stream"]  # type: ignore[arg-type, list-item]
    events: list[dict[str, Any]] = [dict(event) for event in stream]
    names = [next(iter(event)) for event in events]
    assert names[:2] == ["messageStart", "contentBlockStart"]
    assert names[-3:] == ["contentBlockStop", "messageStop", "metadata"]
    assert names.count("contentBlockDelta") > 1
    written = "".join(e["contentBlockDelta"]["delta"]["toolUse"]["input"] for e in events if "contentBlockDelta" in e)
    assert json.loads(written) == plain["output"]["message"]["content"][0]["toolUse"]["input"]
    assert events[-2]["messageStop"]["additionalModelResponseFields"] == {"emulator": EMULATOR}
    assert events[-1]["metadata"]["usage"] == plain["usage"]


def test_streamed_text_is_the_plain_one(client: "BedrockRuntimeClient") -> None:
    stream = client.converse_stream(modelId=MODEL, messages=[USER])["stream"]  # type: ignore[list-item]
    events: list[dict[str, Any]] = [dict(event) for event in stream]
    text = "".join(e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e)
    assert text == converse(client)["output"]["message"]["content"][0]["text"]
    assert events[-2]["messageStop"]["stopReason"] == "end_turn"


def test_invoke_model_embeds(client: "BedrockRuntimeClient") -> None:
    body = json.dumps({"inputText": COMPLAINT, "dimensions": 256})
    answer = client.invoke_model(modelId="amazon.titan-embed-text-v2:0", body=body)
    embedding = json.loads(answer["body"].read())
    assert len(embedding["embedding"]) == 256
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert int(headers["x-amzn-bedrock-input-token-count"]) == embedding["inputTextTokenCount"]


def test_count_tokens_counts_what_converse_reports(client: "BedrockRuntimeClient") -> None:
    given: Any = {"converse": {"messages": [USER], "toolConfig": TOOLS}}
    counted = client.count_tokens(modelId="anthropic.claude-sonnet-4-5-20250929-v1:0", input=given)
    assert counted["inputTokens"] == converse(client, toolConfig=TOOLS)["usage"]["inputTokens"]
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "messages": [{"role": "user", "content": COMPLAINT}]})
    assert client.count_tokens(modelId=MODEL, input={"invokeModel": {"body": body}})["inputTokens"] > 30
