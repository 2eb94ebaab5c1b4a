"""Each fault of a plan, as a boto3 caller meets it."""

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from bedrock_emulator.errors import PlanError
from bedrock_emulator.running import RunningEmulator, running_emulator
from bedrock_emulator.schema_check import fits
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EventStreamError, ReadTimeoutError
from urllib3.exceptions import ProtocolError

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SCHEMA = {
    "type": "object",
    "properties": {"topic": {"enum": ["refund", "delivery"]}, "summary": {"type": "string"}},
    "required": ["topic", "summary"],
    "additionalProperties": False,
}
REQUEST: dict[str, Any] = {
    "modelId": MODEL,
    "messages": [{"role": "user", "content": [{"text": "Ticket A-17. The delivery is late. Where is it?"}]}],
    "toolConfig": {
        "tools": [{"toolSpec": {"name": "file", "inputSchema": {"json": SCHEMA}}}],
        "toolChoice": {"tool": {"name": "file"}},
    },
}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningEmulator]:
    with running_emulator("--log-level", "warning") as emulator:
        yield emulator


@pytest.fixture
def emulator(running: RunningEmulator) -> RunningEmulator:
    running.reset()
    return running


@pytest.fixture(scope="module")
def client(running: RunningEmulator) -> "Iterator[BedrockRuntimeClient]":
    yield from caller(running, read_timeout_s=30)


@pytest.fixture
def impatient(running: RunningEmulator) -> "Iterator[BedrockRuntimeClient]":
    """A client that leaves after a second."""
    yield from caller(running, read_timeout_s=1)


def caller(running: RunningEmulator, read_timeout_s: float) -> "Iterator[BedrockRuntimeClient]":
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=running.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout_s),
    )
    yield client
    client.close()


def plan(emulator: RunningEmulator, **fault: Any) -> None:
    emulator.put_plan({"rules": [{"times": 1, "fault": fault}]})


def content(client: "BedrockRuntimeClient", request: dict[str, Any] = REQUEST) -> tuple[str, list[dict[str, Any]]]:
    answer: Any = client.converse(**request)
    return answer["stopReason"], answer["output"]["message"]["content"]


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ({"throttle": True}, "ThrottlingException", 429),
        ({"error": "ServiceUnavailableException"}, "ServiceUnavailableException", 503),
        ({"error": "InternalServerException"}, "InternalServerException", 500),
        ({"error": "ModelTimeoutException"}, "ModelTimeoutException", 408),
        ({"error": "ModelErrorException"}, "ModelErrorException", 424),
        ({"error": "ModelNotReadyException"}, "ModelNotReadyException", 429),
        ({"error": "AccessDeniedException", "message": "no entry"}, "AccessDeniedException", 403),
    ],
)
def test_planned_errors(
    emulator: RunningEmulator, client: "BedrockRuntimeClient", fault: dict[str, Any], code: str, status: int
) -> None:
    plan(emulator, **fault)
    with pytest.raises(ClientError) as caught:
        client.converse(**REQUEST)
    error = caught.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert error["Error"]["Message"] == fault.get("message", error["Error"]["Message"])
    assert content(client)[0] == "tool_use"
    assert emulator.calls()["rules"] == [{"rule": 0, "matched": 2, "took_effect": 1}]


def test_a_hanging_call_ends_when_its_caller_leaves(
    emulator: RunningEmulator, client: "BedrockRuntimeClient", impatient: "BedrockRuntimeClient"
) -> None:
    plan(emulator, hang=True)
    with pytest.raises(ReadTimeoutError):
        impatient.converse(**REQUEST)
    assert content(client)[0] == "tool_use"
    report = emulator.calls()
    assert report["in_flight"] == 0
    assert report["outcomes"] == {"hang": 1, "ok": 1}


def test_latency_is_waited_for(emulator: RunningEmulator, client: "BedrockRuntimeClient") -> None:
    plan(emulator, latency_ms=120)
    answer = client.converse(**REQUEST)
    assert answer["metrics"]["latencyMs"] >= 120


def test_a_connection_closed_before_the_answer(emulator: RunningEmulator, client: "BedrockRuntimeClient") -> None:
    plan(emulator, hang_up="before")
    with pytest.raises(ConnectionClosedError):
        client.converse(**REQUEST)
    assert content(client)[0] == "tool_use"


def test_a_connection_closed_in_the_middle_of_an_answer(
    emulator: RunningEmulator, client: "BedrockRuntimeClient"
) -> None:
    """botocore does not compare the body with its Content-Length: half an answer parses as an empty one."""
    plan(emulator, hang_up="middle")
    answer: dict[str, Any] = {**client.converse(**REQUEST)}
    assert "output" not in answer
    assert "stopReason" not in answer
    assert content(client)[0] == "tool_use"


def test_a_stream_that_breaks_off(emulator: RunningEmulator, client: "BedrockRuntimeClient") -> None:
    plan(emulator, hang_up="middle")
    events: list[Any] = []
    with closing(client.converse_stream(**REQUEST)["stream"]) as stream, pytest.raises(ProtocolError):
        events.extend(stream)
    assert "messageStart" in events[0]
    assert not any("messageStop" in event for event in events)


def test_an_error_in_the_middle_of_a_stream(emulator: RunningEmulator, client: "BedrockRuntimeClient") -> None:
    plan(emulator, throttle=True, mid_stream=True)
    events: list[Any] = []
    stream = client.converse_stream(**REQUEST)["stream"]
    with closing(stream), pytest.raises(EventStreamError, match="throttlingException"):
        events.extend(stream)
    assert "messageStart" in events[0]


@pytest.mark.parametrize("how", ["missing", "type", "extra"])
def test_a_tool_input_that_does_not_fit(emulator: RunningEmulator, client: "BedrockRuntimeClient", how: str) -> None:
    plan(emulator, invalid_json=how)
    stop_reason, [block] = content(client)
    assert stop_reason == "tool_use"
    assert not fits(block["toolUse"]["input"], SCHEMA)


def test_text_where_a_tool_was_forced(emulator: RunningEmulator, client: "BedrockRuntimeClient") -> None:
    plan(emulator, not_a_tool=True)
    stop_reason, [block] = content(client)
    assert stop_reason == "end_turn"
    assert "delivery" in block["text"]


def test_a_cut_answer(emulator: RunningEmulator, client: "BedrockRuntimeClient") -> None:
    plan(emulator, truncate=True)
    stop_reason, [block] = content(client)
    assert stop_reason == "max_tokens"
    assert not fits(block["toolUse"]["input"], SCHEMA)


@pytest.mark.parametrize(
    ("reason", "text"),
    [("guardrail_intervened", "cannot answer"), ("content_filtered", "blocked"), ("end_turn", "delivery")],
)
def test_another_stop_reason(emulator: RunningEmulator, client: "BedrockRuntimeClient", reason: str, text: str) -> None:
    plan(emulator, stop_reason=reason)
    stop_reason, [block] = content(client)
    assert stop_reason == reason
    assert text in block["text"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("Just this.", {"text": "Just this."}), ({"topic": "neither"}, {"topic": "neither"})],
)
def test_a_literal_answer(
    emulator: RunningEmulator, client: "BedrockRuntimeClient", answer: Any, expected: dict[str, Any]
) -> None:
    plan(emulator, answer=answer)
    _, [block] = content(client)
    assert block == expected or block["toolUse"]["input"] == expected


def test_the_third_call_about_one_ticket_fails(emulator: RunningEmulator, client: "BedrockRuntimeClient") -> None:
    match = {"operation": "Converse", "contains": "A-17", "model": "sonnet", "calls": "3"}
    emulator.put_plan({"rules": [{"match": match, "fault": {"throttle": True}}]})
    other = REQUEST | {"messages": [{"role": "user", "content": [{"text": "Ticket A-18."}]}]}
    assert [content(client, each)[0] for each in (REQUEST, other, other, REQUEST)] == ["tool_use"] * 4
    with pytest.raises(ClientError, match="ThrottlingException"):
        client.converse(**REQUEST)
    assert emulator.calls()["last"][-1]["rules"] == [0]


def test_a_refused_plan_leaves_the_old_one_in_force(emulator: RunningEmulator, client: "BedrockRuntimeClient") -> None:
    plan(emulator, throttle=True)
    with pytest.raises(PlanError, match=r"hangup.*Accepted faults"):
        plan(emulator, hangup="before")
    with pytest.raises(ClientError, match="ThrottlingException"):
        client.converse(**REQUEST)


def test_calls_at_the_same_time_are_counted(emulator: RunningEmulator, client: "BedrockRuntimeClient") -> None:
    emulator.put_plan({"rules": [{"fault": {"latency_ms": 400}}]})
    threads = [threading.Thread(target=client.converse, kwargs=REQUEST) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    report = emulator.calls()
    assert report["total"] == 4
    assert report["most_in_flight"] == 4


def test_faults_leave_one_line_each_in_the_log() -> None:
    with running_emulator() as emulator:
        for fault in ({"hang_up": "before"}, {"throttle": True}):
            plan(emulator, **fault)
            request = Request(  # noqa: S310 - its own URL
                f"{emulator.url}/model/{MODEL}/converse",
                b'{"messages": [{"role": "user", "content": [{"text": "Hi."}]}]}',
                {"Authorization": "Bearer key"},
            )
            with pytest.raises((HTTPError, ConnectionError)):
                urlopen(request, timeout=5)  # noqa: S310
        emulator.stop()
    lines = [line for line in emulator.log if line.strip()]
    assert [line.split("error=")[1].split()[0] for line in lines] == ["hang_up", "ThrottlingException"]
