"""Refusals in AWS's own shapes, over plain HTTP: status, x-amzn-ErrorType, {"message"}."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from bedrock_emulator.running import RunningEmulator, running_emulator

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0"
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=AKIA/20261120/us-east-1/bedrock/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=0a1b2c"
)
HELLO = {"messages": [{"role": "user", "content": [{"text": "Hello there."}]}]}


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def connection(emulator: RunningEmulator) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=5)
    yield connection
    connection.close()


def post(
    connection: http.client.HTTPConnection, path: str, body: Any, authorization: str | None = SIGNED
) -> tuple[int, str | None, dict[str, Any]]:
    """Status, error type and parsed body."""
    headers = {} if authorization is None else {"Authorization": authorization}
    connection.request("POST", path, body if isinstance(body, str) else json.dumps(body), headers)
    response = connection.getresponse()
    assert response.headers["x-amzn-RequestId"]
    assert response.headers["x-emulator"]
    return response.status, response.headers["x-amzn-ErrorType"], json.load(response)


def test_a_connection_is_kept_and_bearer_keys_are_accepted(connection: http.client.HTTPConnection) -> None:
    assert post(connection, f"/model/{MODEL}/converse", HELLO)[0] == 200
    socket = connection.sock
    assert post(connection, f"/model/{MODEL}/converse", HELLO, "Bearer key")[0] == 200
    assert connection.sock is socket


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "MissingAuthenticationTokenException"),
        ("Basic dGVzdA==", "UnrecognizedClientException"),
        ("AWS4-HMAC-SHA256 nothing", "UnrecognizedClientException"),
    ],
)
def test_a_signature_must_be_there(
    connection: http.client.HTTPConnection, authorization: str | None, code: str
) -> None:
    status, error, body = post(connection, f"/model/{MODEL}/converse", HELLO, authorization)
    assert (status, error, list(body)) == (403, code, ["message"])


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (f"/model/{MODEL}/invoke-with-response-stream", "InvokeModelWithResponseStream"),
        ("/guardrail/abc/version/1/apply", "ApplyGuardrail"),
        ("/async-invoke", "StartAsyncInvoke"),
        ("/no/such/path", "/no/such/path"),
    ],
)
def test_other_operations_are_unknown(connection: http.client.HTTPConnection, path: str, named: str) -> None:
    status, error, body = post(connection, path, {})
    assert (status, error) == (404, "UnknownOperationException")
    assert named in body["message"]
    assert "emulator" in body["message"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"messages": None}, "at least one user message"),
        ({"mesages": []}, 'Unknown parameter in input: "mesages"'),
        ({"messages": "hello"}, "Invalid type for parameter messages"),
        ({"messages": [{"role": "user"}]}, 'Missing required parameter in messages[0]: "content"'),
        ({"messages": [{"role": "robot", "content": [{"text": "a"}]}]}, "Member must satisfy enum value set"),
        ({"messages": [{"role": "user", "content": [{"text": "a", "image": None, "tetx": 1}]}]}, '"tetx"'),
        ({"inferenceConfig": {"maxTokens": 0}}, "valid min value: 1"),
        ({"inferenceConfig": {"maxTokens": True}}, "must be of type integer"),
        ({"inferenceConfig": {"maxTokens": "9"}}, "Invalid type for parameter inferenceConfig.maxTokens"),
        ({"inferenceConfig": {"temperature": 1.5}}, "value less than or equal to 1"),
        ({"inferenceConfig": {"temperature": -0.1}}, "valid min value: 0"),
        ({"inferenceConfig": {"temperature": 0.1, "topP": 0.9}}, "cannot both be specified"),
        ({"toolConfig": {"tools": []}}, "valid min length: 1"),
        ({"toolConfig": {"tools": [{"toolSpec": {"name": "a b", "inputSchema": {"json": {}}}}]}}, "regular expression"),
        ({"toolConfig": {"tools": [{"toolSpec": {"name": "a" * 65, "inputSchema": {"json": {}}}}]}}, "equal to 64"),
        ({"modelId": "other"}, "modelId is not a member of the request body"),
    ],
)
def test_requests_are_checked_against_the_service_model(
    connection: http.client.HTTPConnection, change: dict[str, Any], named: str
) -> None:
    status, error, body = post(connection, f"/model/{MODEL}/converse", HELLO | change)
    assert (status, error) == (400, "ValidationException")
    assert named in body["message"]


NO_BASE64 = json.dumps(
    {"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": "?"}}}]}]}
)


@pytest.mark.parametrize("body", ["{", "[]", "[" * 100_000, '{"a": "\\ud83d"}', NO_BASE64], ids=range(5))
def test_a_body_that_cannot_be_read(connection: http.client.HTTPConnection, body: str) -> None:
    assert post(connection, f"/model/{MODEL}/converse", body)[:2] == (400, "SerializationException")


@pytest.mark.parametrize(
    ("model", "status", "error"),
    [
        ("us.anthropic.claude-3-5-sonnet-20241022-v2%3A0", 404, "ResourceNotFoundException"),
        ("anthropic.claude-sonnet-4-5-20250929-v1%3A0", 400, "ValidationException"),
        ("unknown.model-v1", 400, "ValidationException"),
    ],
)
def test_models_are_checked(connection: http.client.HTTPConnection, model: str, status: int, error: str) -> None:
    assert post(connection, f"/model/{model}/converse", HELLO)[:2] == (status, error)


def test_logs_and_counters_hold_no_contents(emulator: RunningEmulator, connection: http.client.HTTPConnection) -> None:
    secret = "my-secret-word"
    post(connection, f"/model/{MODEL}/converse", {"messages": [{"role": "user", "content": [{"text": secret}]}]})
    post(connection, f"/model/{MODEL}/converse", {"messages": [{"role": secret, "content": []}]})
    calls = emulator.calls()
    assert secret not in json.dumps(calls)
    assert secret not in "".join(emulator.log)
    assert [call["error"] for call in calls["last"][-2:]] == [None, "ValidationException"]
    assert calls["in_flight"] == 0
    assert calls["outcomes"]["ok"] >= 1
