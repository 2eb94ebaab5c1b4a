"""--forward-to: Converse in the words of an OpenAI-compatible server, and back. The server here is a stub."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from bedrock_emulator.running import running_emulator
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SPEC = {"name": "look", "description": "Looks.", "inputSchema": {"json": {"type": "object"}}}


class Stub(ThreadingHTTPServer):
    """Answers with `status` and `reply`, and keeps the last request."""

    status = 200
    reply: Any = None
    asked: dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    server: Stub

    def do_POST(self) -> None:
        self.server.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked["path"] = self.path
        body = json.dumps(self.server.reply).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the overridden method
        pass


@pytest.fixture(scope="module")
def running_stub() -> Iterator[Stub]:
    with Stub(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


@pytest.fixture
def stub(running_stub: Stub) -> Stub:
    running_stub.status, running_stub.reply = 200, None
    return running_stub


def connected(url: str) -> "BedrockRuntimeClient":
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def client(running_stub: Stub) -> "Iterator[BedrockRuntimeClient]":
    target = f"http://127.0.0.1:{running_stub.server_port}/v1"
    with running_emulator("--forward-to", target, "--forward-model", "small-model") as emulator:
        client = connected(emulator.url)
        yield client
        client.close()


@pytest.fixture
def ask(client: "BedrockRuntimeClient") -> Callable[..., dict[str, Any]]:
    def ask(**more: Any) -> dict[str, Any]:
        request: dict[str, Any] = {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": "Hello."}]}]}
        return dict(client.converse(**(request | more)))

    return ask


def completion(finish_reason: str = "stop", **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": None} | message}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return {"id": "c", "model": "small-model", "choices": [choice], "usage": usage}


def test_a_text_and_its_settings_go_there_and_back(stub: Stub, ask: Callable[..., dict[str, Any]]) -> None:
    stub.reply = completion(content="Hi.")
    inference = {"maxTokens": 50, "temperature": 0.5, "stopSequences": ["END"]}
    answer = ask(system=[{"text": "Be kind."}], inferenceConfig=inference)
    assert stub.asked == {
        "path": "/v1/chat/completions",
        "model": "small-model",
        "stream": False,
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello."}],
        "max_tokens": 50,
        "temperature": 0.5,
        "stop": ["END"],
    }
    assert answer["output"]["message"] == {"role": "assistant", "content": [{"text": "Hi."}]}
    assert answer["stopReason"] == "end_turn"
    assert (answer["usage"]["inputTokens"], answer["usage"]["outputTokens"], answer["usage"]["totalTokens"]) == (
        11,
        7,
        18,
    )


def test_a_tool_call_goes_there_and_back(stub: Stub, ask: Callable[..., dict[str, Any]]) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": "stars"}'}}
    stub.reply = completion("tool_calls", tool_calls=[call])
    choices = [
        ({"tool": {"name": "look"}}, {"type": "function", "function": {"name": "look"}}),
        ({"any": {}}, "required"),
    ]
    for choice, forwarded in choices:
        answer = ask(toolConfig={"tools": [{"toolSpec": SPEC}], "toolChoice": choice})
        assert stub.asked["tool_choice"] == forwarded
        assert stub.asked["tools"][0]["function"] == {
            "name": "look",
            "description": "Looks.",
            "parameters": {"type": "object"},
        }
        assert answer["stopReason"] == "tool_use"
        use = answer["output"]["message"]["content"][0]["toolUse"]
        assert use == {"toolUseId": "call_1", "name": "look", "input": {"at": "stars"}}


@pytest.mark.parametrize("text", ['{"at": "stars"}', '```json\n{"at": "stars"}\n```'])
def test_a_forced_tool_that_is_written_out_is_called(stub: Stub, ask: Callable[..., dict[str, Any]], text: str) -> None:
    stub.reply = completion(content=text)
    answer = ask(toolConfig={"tools": [{"toolSpec": SPEC}], "toolChoice": {"tool": {"name": "look"}}})
    (block,) = answer["output"]["message"]["content"]
    assert (block["toolUse"]["name"], block["toolUse"]["input"]) == ("look", {"at": "stars"})
    assert answer["stopReason"] == "tool_use"
    assert "toolUse" not in ask()["output"]["message"]["content"][0]  # the request has no tools


def test_tool_results_become_messages_of_their_own(stub: Stub, ask: Callable[..., dict[str, Any]]) -> None:
    stub.reply = completion(content="Three.")
    use = {"toolUse": {"toolUseId": "call_1", "name": "look", "input": {"at": "stars"}}}
    result = {"toolUseId": "call_1", "content": [{"json": {"stars": 3}}], "status": "error"}
    messages = [
        {"role": "user", "content": [{"text": "How many?"}]},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [{"toolResult": result}, {"text": "Well?"}]},
    ]
    ask(messages=messages, toolConfig={"tools": [{"toolSpec": SPEC}]})
    assert stub.asked["tool_choice"] == "auto"
    assert stub.asked["messages"][1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": "stars"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": 'Error: {"stars": 3}'},
        {"role": "user", "content": "Well?"},
    ]


def test_a_stream_carries_the_same(stub: Stub, client: "BedrockRuntimeClient") -> None:
    stub.reply = completion("length", content="Once upon a time")
    message: Any = {"role": "user", "content": [{"text": "Once."}]}
    events: list[Any] = list(client.converse_stream(modelId=MODEL, messages=[message])["stream"])
    text = "".join(e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e)
    assert text == "Once upon a time"
    assert events[-2]["messageStop"]["stopReason"] == "max_tokens"
    assert events[-1]["metadata"]["usage"]["inputTokens"] == 11


@pytest.mark.parametrize(
    ("status", "reply", "code"),
    [
        (500, {}, "ServiceUnavailableException"),
        (429, {}, "ServiceUnavailableException"),
        (404, {"error": "no such model"}, "ModelErrorException"),
        (200, {"choices": []}, "ModelErrorException"),
        (200, ["odd"], "ModelErrorException"),
    ],
)
def test_its_errors_become_errors_of_the_service(
    stub: Stub, ask: Callable[..., dict[str, Any]], status: int, reply: Any, code: str
) -> None:
    stub.status, stub.reply = status, reply
    with pytest.raises(ClientError) as caught:
        ask()
    assert caught.value.response["Error"]["Code"] == code


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with running_emulator("--forward-to", "http://127.0.0.1:9/v1") as emulator:
        client = connected(emulator.url)
        with pytest.raises(ClientError, match="ServiceUnavailableException"):
            client.converse(modelId=MODEL, messages=[{"role": "user", "content": [{"text": "Hello."}]}])
        client.close()
