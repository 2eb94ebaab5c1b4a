"""The local stack, from HTTP and SQS to the functions' processes and back."""

import asyncio
import base64
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import small_stack
from local_stack import once
from local_stack.running import RunningStack, alive, until

PAGE = "https://app.example.com"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    directory = tmp_path_factory.mktemp("stack")
    broken = small_stack.function("the-broken", "handler")
    broken["inputs"]["handler"] = "fixture/nothing.handler"
    pages = {"allowOrigins": [PAGE], "allowMethods": ["GET"], "exposeHeaders": ["location"]}
    more = {
        "Api": small_stack.resource(
            "aws:apigatewayv2/api:Api", name="api", protocolType="HTTP", corsConfiguration=pages
        ),
        "BrokenFunction": broken,
        "BrokenIntegration": small_stack.integration("BrokenFunction"),
        "RouteBroken": small_stack.route("GET /broken", "BrokenIntegration"),
        "SingleFunction": small_stack.function("the-single", "api", timeout=5, reservedConcurrentExecutions=1),
        "SingleIntegration": small_stack.integration("SingleFunction"),
        "RouteSingle": small_stack.route("PUT /pause", "SingleIntegration"),
        "HastyIntegration": small_stack.integration("SingleFunction", timeoutMilliseconds=100),
        "RouteHasty": small_stack.route("POST /pause", "HastyIntegration"),
    }
    small_stack.write_files(directory, small_stack.wiring(directory, **more))
    with small_stack.running(directory) as running:
        yield running


def test_a_request_becomes_an_event_and_the_answer_a_response(stack: RunningStack) -> None:
    status, headers, body = stack.request(
        "POST", "/items/a%20b?x=1&x=2", b'{"k": "\xc3\xa9"}', {"Content-Type": "application/json", "Cookie": "a=1; b=2"}
    )
    event = json.loads(body)["event"]
    assert (status, headers["content-type"]) == (201, "application/json")
    assert headers["apigw-requestid"] == event["requestContext"]["requestId"]
    assert event["routeKey"] == "ANY /items/{id}"
    assert event["pathParameters"] == {"id": "a b"}
    assert event["queryStringParameters"] == {"x": "1,2"}
    assert event["cookies"] == ["a=1", "b=2"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"k": "é"}', False)


def test_a_binary_body_comes_in_base64(stack: RunningStack) -> None:
    _, _, body = stack.request("PUT", "/items/1", b"\x00\xff", {"content-type": "application/octet-stream"})
    event = json.loads(body)["event"]
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\x00\xff", True)


def test_a_binary_answer_and_cookies(stack: RunningStack) -> None:
    status, headers, body = stack.request("GET", "/image")
    assert (status, headers["content-type"], body) == (200, "image/png", b"\x89PNG")
    assert headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_a_function_has_exactly_its_own_environment(stack: RunningStack) -> None:
    answer = json.loads(stack.request("GET", "/items/1")[2])
    own = answer["environment"]
    assert own["OWN"] == "1"
    assert own["AWS_LAMBDA_FUNCTION_NAME"] == "the-api"
    assert own["AWS_REGION"] == "eu-west-1"
    assert own["AWS_ENDPOINT_URL"] == stack.ready["aws_endpoint_url"]
    assert own["QUEUE"] == f"{stack.ready['aws_endpoint_url']}/111122223333/jobs"
    assert own["LAMBDA_TASK_ROOT"] == own["PYTHONPATH"] == answer["cwd"]
    assert not own.keys() & {"HOME", "USER", "HOME_OF_THE_STACK", "VIRTUAL_ENV", "PYTEST_CURRENT_TEST"}
    assert answer["arn"] == "arn:aws:lambda:eu-west-1:111122223333:function:the-api"
    assert 0 < answer["remaining_ms"] <= 1000


def test_an_environment_is_reused(stack: RunningStack) -> None:
    pids = {json.loads(stack.request("GET", "/bare")[2])["pid"] for _ in range(3)}
    assert len(pids) == 1


def test_a_timeout_kills_the_process_and_the_next_request_gets_another(stack: RunningStack) -> None:
    before = json.loads(stack.request("GET", "/bare")[2])["pid"]
    status, _, body = stack.request("GET", "/slow")
    assert (status, json.loads(body)) == (500, {"message": "Internal Server Error"})
    assert "Task timed out after 1.00 seconds" in stack.log()
    until(lambda: not alive({before}))
    assert json.loads(stack.request("GET", "/bare")[2])["pid"] != before


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/exit", "Runtime exited with error: exit status 7"),
        ("/raise", "on purpose"),
        ("/big", "Function.ResponseSizeTooLarge"),
    ],
)
def test_a_failed_function_is_a_500_and_its_reason_is_logged(stack: RunningStack, path: str, reason: str) -> None:
    status, _, body = stack.request("GET", path)
    assert (status, json.loads(body)) == (500, {"message": "Internal Server Error"})
    assert reason in stack.log()
    assert stack.request("GET", "/bare")[0] == 200


def test_a_function_that_cannot_be_imported(stack: RunningStack) -> None:
    status, _, body = stack.request("GET", "/broken")
    assert (status, json.loads(body)) == (500, {"message": "Internal Server Error"})
    assert "Unable to import module 'fixture/nothing'" in stack.log()


def test_an_integration_has_a_time_limit_of_its_own(stack: RunningStack) -> None:
    status, _, body = stack.request("POST", "/pause")
    assert (status, json.loads(body)) == (503, {"message": "Service Unavailable"})


def at_the_same_time(stack: RunningStack, method: str, count: int) -> list[int]:
    with ThreadPoolExecutor(count) as pool:
        answers = list(pool.map(lambda _: stack.request(method, "/pause"), range(count)))
    assert {status for status, _, _ in answers} == {200}
    return [json.loads(body)["pid"] for _, _, body in answers]


def test_requests_at_the_same_time_get_more_processes(stack: RunningStack) -> None:
    assert len(set(at_the_same_time(stack, "GET", 6))) > 1


def test_a_reserved_concurrency_is_the_limit(stack: RunningStack) -> None:
    assert len(set(at_the_same_time(stack, "PUT", 3))) == 1


@pytest.mark.parametrize(
    ("outcome", "exit_status", "on_stdout", "on_stderr"),
    [
        ("succeeded", 0, '{\n  "status": "succeeded"\n}\n', ""),
        ("failed", 1, '{\n  "status": "failed"\n}\n', ""),
        ("refuse", 1, "", 'refused with status 422:\n{\n  "title": "refused on purpose"\n}\n'),
    ],
)
def test_once(
    stack: RunningStack,
    capfd: pytest.CaptureFixture[str],
    outcome: str,
    exit_status: int,
    on_stdout: str,
    on_stderr: str,
) -> None:
    request = json.dumps({"outcome": outcome}).encode()
    assert asyncio.run(once.run(stack.ready["api_url"], request)) == exit_status
    captured = capfd.readouterr()
    assert captured.out == on_stdout
    assert captured.err.endswith(on_stderr)


def test_no_route(stack: RunningStack) -> None:
    status, _, body = stack.request("DELETE", "/nothing")
    assert (status, json.loads(body)) == (404, {"message": "Not Found"})


def test_a_browser_that_asks_is_answered_without_the_function(stack: RunningStack) -> None:
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
    for path in ("/items/1", "/no/route/has/this/method"):
        status, headers, body = stack.request("OPTIONS", path, None, asks)
        assert (status, body) == (204, b"")
        assert headers["access-control-allow-origin"] == PAGE
    status, headers, _ = stack.request("GET", "/items/1", None, {"Origin": PAGE})
    assert (status, headers["access-control-allow-origin"]) == (201, PAGE)
    status, headers, _ = stack.request("GET", "/items/1", None, {"Origin": "https://elsewhere.example.com"})
    assert (status, headers["access-control-allow-origin"]) == (201, None)


def test_a_body_above_the_limit(stack: RunningStack) -> None:
    status, _, body = stack.request("POST", "/items/1", b"x" * (10 * 1024 * 1024 + 1))
    assert (status, json.loads(body)) == (413, {"message": "Request Entity Too Large"})


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /items/%zz%ff%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /items/1?%ff=%fe&&=&a HTTP/1.1\r\nHost: x\r\nX-Odd: \xff\xfe\r\nCookie: ;;\xff\r\n\r\n",
        b"GET //items//1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /items/\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://elsewhere/items/1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n",
        b"HEAD /items/1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /items/1 HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"NONSENSE\r\n\r\n",
    ],
)
def test_odd_requests_are_answered_without_a_gateway_error(stack: RunningStack, raw: bytes) -> None:
    address = urlsplit(stack.ready["api_url"])
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(raw)
        status = int(connection.recv(4096).split(b" ")[1])
    assert status < 500
    assert "Traceback" not in stack.log().replace("ValueError: on purpose", "").split("| [ERROR]")[0]
    assert stack.request("GET", "/bare")[0] == 200


def test_a_large_upload_with_expect_continue(stack: RunningStack) -> None:
    headers = {"Expect": "100-continue", "Content-Type": "text/plain"}
    _, _, body = stack.request("POST", "/items/1", b"x" * 2_000_000, headers)
    assert len(json.loads(body)["event"]["body"]) == 2_000_000


def test_messages_are_delivered_and_deleted_and_failed_ones_come_back_alone(stack: RunningStack) -> None:
    sqs = stack.client("sqs")
    jobs = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    entries = [
        {
            "Id": body,
            "MessageBody": body,
            "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "test"}},
        }
        for body in ("good-1", "fail-1", "good-2")
    ]
    sqs.send_message_batch(QueueUrl=jobs, Entries=entries)
    dead = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    left = until(
        lambda: sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=1, MessageSystemAttributeNames=["All"]).get(
            "Messages"
        )
    )
    assert [message["Body"] for message in left] == ["fail-1"]
    seen = [record["body"] for record in stack.seen()]
    assert {body: seen.count(body) for body in ("good-1", "fail-1", "good-2")} == {
        "good-1": 1,
        "fail-1": 2,
        "good-2": 1,
    }
    record = next(record for record in stack.seen() if record["body"] == "good-1")
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == "arn:aws:sqs:eu-west-1:111122223333:jobs"
    assert record["awsRegion"] == "eu-west-1"
    assert record["messageAttributes"]["kind"]["stringValue"] == "test"
    assert record["attributes"].keys() >= {
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
    }


def test_a_crash_fails_the_whole_batch(stack: RunningStack) -> None:
    sqs = stack.client("sqs")
    jobs = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    sqs.send_message(QueueUrl=jobs, MessageBody="crash-1")
    counts = until(
        lambda: (
            {record["attributes"]["ApproximateReceiveCount"] for record in stack.seen() if record["body"] == "crash-1"}
            >= {"1", "2"}
        )
    )
    assert counts


def test_no_process_of_a_function_has_the_stacks_environment(stack: RunningStack) -> None:
    for pids in stack.ready["pids"]["functions"].values():
        for pid in alive(set(pids)):
            assert b"HOME_OF_THE_STACK" not in Path(f"/proc/{pid}/environ").read_bytes()
