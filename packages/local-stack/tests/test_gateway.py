"""Requests as events, and functions' answers as responses."""

import base64
import json

import pytest
from local_stack.gateway import event, response
from local_stack.gateway.request import Request

RECEIVED = event.Received("req-1", "abc123", "eu-west-1", "POST /x", {"id": "1"})


def request(**changes: object) -> Request:
    fields: dict[str, object] = {
        "method": "POST",
        "target": "/x",
        "protocol": "HTTP/1.1",
        "headers": (("Host", "localhost"), ("Content-Type", "application/json")),
        "body": b"",
        "source_ip": "127.0.0.1",
    }
    return Request(**{**fields, **changes})  # type: ignore[arg-type]


def test_an_event_has_the_form_of_payload_format_2_0() -> None:
    built = event.build(request(target="/x%20y?a=1&a=2&b=&c=%2F", headers=(("User-Agent", "u"),)), RECEIVED)
    context = built["requestContext"]
    assert built["version"] == "2.0"
    assert built["routeKey"] == context["routeKey"] == "POST /x"
    assert built["rawPath"] == context["http"]["path"] == "/x y"
    assert built["rawQueryString"] == "a=1&a=2&b=&c=%2F"
    assert built["queryStringParameters"] == {"a": "1,2", "b": "", "c": "/"}
    assert built["pathParameters"] == {"id": "1"}
    assert built["isBase64Encoded"] is False
    assert "body" not in built
    assert "cookies" not in built
    assert context["http"] | {"path": ""} == {
        "method": "POST",
        "path": "",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "u",
    }
    assert context["domainName"] == "abc123.execute-api.eu-west-1.amazonaws.com"
    assert context["domainPrefix"] == context["apiId"] == "abc123"
    assert (context["accountId"], context["requestId"], context["stage"]) == ("111122223333", "req-1", "$default")
    assert isinstance(context["timeEpoch"], int)
    assert context["time"].endswith(" +0000")


def test_headers_are_lower_case_and_joined_and_cookies_apart() -> None:
    headers = (("X-A", "1"), ("x-a", "2"), ("Cookie", "a=1; b=2"), ("X-Odd", "\udcff"))
    built = event.build(request(headers=headers), RECEIVED)
    assert built["headers"]["x-a"] == "1,2"
    assert built["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in built["headers"]
    json.dumps(built).encode("ascii")
    assert built["headers"]["x-odd"] == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("content_type", "body", "is_text"),
    [
        ("application/json", b'{"a": 1}', True),
        ("application/json; charset=utf-8", "é".encode(), True),
        ("application/problem+json", b"{}", True),
        ("TEXT/plain", b"x", True),
        ("application/json", b"\xff", False),
        ("application/octet-stream", b"x", False),
        ("application/x-www-form-urlencoded", b"a=1", False),
        ("image/png", b"\x89PNG", False),
        ("", b"x", False),
    ],
)
def test_a_body_is_text_or_base64(content_type: str, body: bytes, is_text: bool) -> None:
    built = event.build(request(headers=(("Content-Type", content_type),), body=body), RECEIVED)
    assert built["isBase64Encoded"] is not is_text
    assert (built["body"].encode() if is_text else base64.b64decode(built["body"])) == body


JSON = {"content-type": "application/json"}
TEXT = {"content-type": "text/plain; charset=utf-8"}
OWN = {"content-type": "a/b"}


@pytest.mark.parametrize(
    ("answer", "status", "headers", "body"),
    [
        ({"statusCode": 204}, 204, TEXT, b""),
        ({"statusCode": "201", "body": "x"}, 201, TEXT, b"x"),
        (
            {"statusCode": 200, "headers": {**OWN, "X": 1, "Y": True}, "body": ""},
            200,
            {**OWN, "X": "1", "Y": "true"},
            b"",
        ),
        ({"statusCode": 200, "headers": {**OWN, "Content-Length": "99"}, "body": "é"}, 200, OWN, "é".encode()),
        ({"statusCode": 200, "headers": OWN, "body": "AP8=", "isBase64Encoded": True}, 200, OWN, b"\x00\xff"),
        ({"hello": "world"}, 200, JSON, b'{"hello": "world"}'),
        ("text", 200, JSON, b"text"),
        (None, 200, JSON, b"null"),
        ([1], 200, JSON, b"[1]"),
    ],
)
def test_both_forms_of_an_answer(answer: object, status: int, headers: dict[str, str], body: bytes) -> None:
    found = response.interpret(json.dumps(answer).encode())
    assert (found.status, dict(found.headers), found.body) == (status, headers, body)


def test_cookies_become_headers() -> None:
    answer = {"statusCode": 200, "cookies": ["a=1", "b=2"], "headers": {"content-type": "a/b"}}
    found = response.interpret(json.dumps(answer).encode())
    assert found.headers == (("content-type", "a/b"), ("set-cookie", "a=1"), ("set-cookie", "b=2"))


@pytest.mark.parametrize(
    "answer",
    [
        b"no json",
        b'{"statusCode": "abc"}',
        b'{"statusCode": 99}',
        b'{"statusCode": null}',
        b'{"statusCode": 200, "body": {"a": 1}}',
        b'{"statusCode": 200, "body": "?", "isBase64Encoded": true}',
        b'{"statusCode": 200, "headers": {"a": "1\\r\\nb: 2"}}',
        b'{"statusCode": 200, "headers": {"a": ["1"]}}',
    ],
)
def test_a_malformed_answer_is_an_internal_error(answer: bytes) -> None:
    assert response.interpret(answer) is response.INTERNAL_SERVER_ERROR
