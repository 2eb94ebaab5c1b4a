"""Other software that finds the emulator by its endpoint: the AWS CLI and LangChain."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from bedrock_emulator.running import running_emulator
from pydantic import BaseModel, Field

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
COMPLAINT = "My parcel has not arrived. The courier lost it. Please send a new one."
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",
}


class Complaint(BaseModel):
    """A complaint from a customer."""

    topic: Literal["delivery", "refund"]
    wish: str = Field(description="What the customer asks for.")
    email: str | None = None


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_emulator("--log-level", "warning") as emulator:
        yield emulator.url


def aws(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("aws")), "bedrock-runtime", *arguments, "--endpoint-url", url]
    environment = {"PATH": os.environ["PATH"], **CREDENTIALS}
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)


def test_the_aws_cli_converses(url: str) -> None:
    messages = json.dumps([{"role": "user", "content": [{"text": COMPLAINT}]}])
    tool = {"toolSpec": {"name": "file", "inputSchema": {"json": Complaint.model_json_schema()}}}
    config = json.dumps({"tools": [tool], "toolChoice": {"any": {}}})
    ended = aws(url, "converse", "--model-id", MODEL, "--messages", messages, "--tool-config", config)
    assert ended.returncode == 0, ended.stderr
    use = json.loads(ended.stdout)["output"]["message"]["content"][0]["toolUse"]
    assert use["input"] == {
        "topic": "delivery",
        "wish": "My parcel has not arrived.",
        "email": "My parcel has not arrived.",
    }


def test_the_aws_cli_shows_errors(url: str) -> None:
    ended = aws(url, "converse", "--model-id", "unknown.model-v1", "--messages", "[]")
    assert ended.returncode != 0
    assert "ValidationException" in ended.stderr
    assert "The provided model identifier is invalid." in ended.stderr


@pytest.fixture(scope="module")
def chat(url: str) -> Any:
    from langchain_aws import ChatBedrockConverse

    return ChatBedrockConverse(
        model_id=MODEL,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        max_tokens=500,
    )


def test_langchain_invokes(chat: Any) -> None:
    answer = chat.invoke([("system", "Be brief."), ("human", COMPLAINT)])
    assert "courier" in answer.content
    assert answer.usage_metadata["total_tokens"] > 10
    assert answer.response_metadata["stopReason"] == "end_turn"


def test_langchain_streams(chat: Any) -> None:
    chunks = list(chat.stream(COMPLAINT))
    text = "".join(chunk.text for chunk in chunks)
    assert text == chat.invoke(COMPLAINT).text
    assert any(chunk.usage_metadata for chunk in chunks)


def test_langchain_binds_tools_and_gives_their_results(chat: Any) -> None:
    from langchain_core.messages import HumanMessage, ToolMessage

    bound = chat.bind_tools([Complaint])
    asked = [HumanMessage(COMPLAINT)]
    called = bound.invoke(asked)
    [call] = called.tool_calls
    assert call["name"] == "Complaint"
    assert call["args"]["topic"] == "delivery"
    done = bound.invoke([*asked, called, ToolMessage("A new parcel is on its way.", tool_call_id=call["id"])])
    assert done.text == "A new parcel is on its way."
    streamed = None
    for chunk in bound.stream(asked):
        streamed = chunk if streamed is None else streamed + chunk
    assert streamed is not None
    assert streamed.tool_calls[0]["args"] == call["args"]


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_langchain_gets_structured_output(chat: Any, method: str) -> None:
    complaint = chat.with_structured_output(Complaint, method=method).invoke(COMPLAINT)
    assert complaint == Complaint(
        topic="delivery", wish="My parcel has not arrived.", email="My parcel has not arrived."
    )
