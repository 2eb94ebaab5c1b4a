"""The gateway's authorizers: the admitted callers, and their identity in the event."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from local_stack.gateway import cors
from local_stack.gateway.authorization import Authorize, Refused
from local_stack.gateway.iam_authorizer import iam_authorizer
from local_stack.gateway.jwt_authorizer import JwtAuthorizer
from local_stack.gateway.request import Request
from local_stack.gateway.response import Response
from local_stack.issuer import AUDIENCE, BAD, READ, SUBMIT, Issuer, issuing
from local_stack.resources import CorsConfiguration
from local_stack.signing import signed

HOST = "127.0.0.1:8787"


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def reading(issuer: Issuer) -> Authorize:
    return JwtAuthorizer(issuer.url, [AUDIENCE]).of_route([READ])


def request(authorization: str | None, **changes: Any) -> Request:
    headers = () if authorization is None else (("Authorization", authorization),)
    given = {"method": "GET", "target": "/", "headers": headers, "body": b"", **changes}
    return Request(protocol="HTTP/1.1", source_ip="127.0.0.1", **given)


def refusal(authorize: Authorize, asked: Request) -> Response:
    with pytest.raises(Refused) as caught:
        asyncio.run(authorize(asked))  # type: ignore[arg-type]
    return caught.value.answer


def let_in(authorize: Authorize, asked: Request) -> dict[str, Any]:
    return asyncio.run(authorize(asked))  # type: ignore[arg-type]


def test_the_event_has_the_claims_as_text(issuer: Issuer, reading: Authorize) -> None:
    token = issuer.token("ann", exp=4_000_000_000, aud=[AUDIENCE, "b"], admin=True)
    for authorization in (f"Bearer {token}", f"bearer  {token}", token):
        identity = let_in(reading, request(authorization))["jwt"]
        assert identity["scopes"] == [SUBMIT, READ]
        claims = identity["claims"]
        assert (claims["sub"], claims["exp"], claims["aud"]) == ("ann", "4000000000", f"[{AUDIENCE} b]")
        assert claims["admin"] == "true"


@pytest.mark.parametrize("change", [{"aud": None, "client_id": AUDIENCE}, {"scope": None, "scp": [READ]}])
def test_other_providers_name_audience_and_scopes_otherwise(
    issuer: Issuer, reading: Authorize, change: dict[str, Any]
) -> None:
    assert let_in(reading, request(issuer.token("ann", **change)))["jwt"]["claims"]["sub"] == "ann"


def test_a_route_without_scopes_takes_any_token(issuer: Issuer) -> None:
    anything = JwtAuthorizer(issuer.url, [AUDIENCE]).of_route([])
    assert let_in(anything, request(issuer.token("ann", scope=None)))["jwt"]["scopes"] is None


@pytest.mark.parametrize("defect", BAD)
def test_a_bad_token_is_refused(issuer: Issuer, reading: Authorize, defect: str) -> None:
    answer = refusal(reading, request(f"Bearer {issuer.bad_tokens('ann')[defect]}"))
    assert (answer.status, answer.body) == (401, b'{"message": "Unauthorized"}')
    assert 'error="invalid_token"' in dict(answer.headers)["www-authenticate"]


def test_every_bad_token_is_shown(issuer: Issuer) -> None:
    assert list(issuer.bad_tokens("ann")) == BAD


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer "])
def test_no_token_is_refused(reading: Authorize, authorization: str | None) -> None:
    assert refusal(reading, request(authorization)).status == 401


@pytest.mark.parametrize("scope", ["", SUBMIT, "jobs", "jobs/read/all", "JOBS/READ"])
def test_a_token_without_the_scope_is_forbidden(issuer: Issuer, reading: Authorize, scope: str) -> None:
    answer = refusal(reading, request(issuer.token("ann", scope=scope)))
    assert (answer.status, answer.body) == (403, b'{"message": "Forbidden"}')


def test_every_token_is_refused_while_the_issuer_is_down() -> None:
    with issuing() as gone:
        token = gone.token("ann")
    assert refusal(JwtAuthorizer(gone.url, [AUDIENCE]).of_route([]), request(token)).status == 401


SIGNED_BODY = b'{"a": 1}'


def by_alice(body: bytes = SIGNED_BODY, *, target: str = "/a%20b?x=1&y", **how: Any) -> Request:
    headers = signed("POST", f"http://{HOST}{target}", SIGNED_BODY, **how)
    return request(None, method="POST", target=target, body=body, headers=(*headers.items(), ("Host", HOST)))


IAM = iam_authorizer("us-east-1", "local")


@pytest.mark.parametrize("target", ["/", "/a%20b?x=1&y", "/status/x%2Fy", "/a//b/../c?b=2&a=1&a=0&c=%2F+z"])
def test_a_signed_request_is_let_in(target: str) -> None:
    identity = let_in(IAM, by_alice(target=target))["iam"]
    assert (identity["accessKey"], identity["userArn"]) == ("alice", "arn:aws:iam::111122223333:user/alice")


@pytest.mark.parametrize(
    "asked",
    [
        request(None),
        request("Bearer abc"),
        request("AWS4-HMAC-SHA256 Credential=alice"),
        by_alice(secret="guessed"),
        by_alice(region="eu-west-1"),
        by_alice(service="s3"),
        by_alice(b'{"a": 2}'),
        by_alice(b""),
    ],
)
def test_what_is_not_signed_so_is_forbidden(asked: Request) -> None:
    answer = refusal(IAM, asked)
    assert (answer.status, answer.body) == (403, b'{"message": "Forbidden"}')


@pytest.mark.parametrize("change", [{"method": "DELETE"}, {"target": "/other"}, {"target": "/a%20b?x=2&y"}])
def test_a_signature_holds_for_its_request_alone(change: dict[str, Any]) -> None:
    good = by_alice()
    parts = {"method": good.method, "target": good.target, "headers": good.headers, "body": good.body, **change}
    assert refusal(IAM, request(None, **parts)).status == 403


@pytest.mark.parametrize(("minutes", "recent"), [(-6, False), (-4, True), (4, True), (6, False)])
def test_a_signature_holds_for_five_minutes(minutes: int, recent: bool) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    with mock.patch("botocore.auth.get_current_datetime", return_value=at):
        asked = by_alice()
    if recent:
        let_in(IAM, asked)
    else:
        refusal(IAM, asked)


PAGES = CorsConfiguration.model_validate(
    {
        "allowOrigins": ["https://app.example.com"],
        "allowMethods": ["GET", "POST"],
        "allowHeaders": ["authorization"],
        "exposeHeaders": ["location"],
        "maxAge": 3600,
    }
)


def from_page(method: str, origin: str, *more: tuple[str, str]) -> Request:
    return request(None, method=method, headers=(("Origin", origin), *more))


ASKS = ("Access-Control-Request-Method", "POST")


def test_a_browsers_question_is_answered() -> None:
    answer = cors.preflight(PAGES, from_page("OPTIONS", "https://app.example.com", ASKS))
    assert answer is not None
    assert (answer.status, answer.body) == (204, b"")
    assert dict(answer.headers) == {
        "access-control-allow-origin": "https://app.example.com",
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "authorization",
        "access-control-max-age": "3600",
    }


def test_a_page_of_another_origin_gets_no_cors_headers() -> None:
    answer = cors.preflight(PAGES, from_page("OPTIONS", "https://evil.example.com", ASKS))
    assert answer == Response(204, (), b"")
    given = Response(200, (("Access-Control-Allow-Origin", "*"), ("x", "1")), b"")
    assert cors.added(PAGES, given, from_page("GET", "https://evil.example.com")).headers == (("x", "1"),)


def test_answers_to_pages_carry_the_apis_headers_and_not_the_functions() -> None:
    given = Response(200, (("access-control-allow-origin", "*"), ("x", "1")), b"")
    answer = cors.added(PAGES, given, from_page("GET", "https://app.example.com"))
    assert dict(answer.headers) == {
        "x": "1",
        "access-control-allow-origin": "https://app.example.com",
        "access-control-expose-headers": "location",
    }


@pytest.mark.parametrize("asked", [from_page("OPTIONS", "https://app.example.com"), from_page("GET", "x", ASKS)])
def test_other_requests_are_no_question(asked: Request) -> None:
    assert cors.preflight(PAGES, asked) is None


def test_without_a_configuration_the_functions_speak() -> None:
    given = Response(200, (("access-control-allow-origin", "*"),), b"")
    assert cors.added(CorsConfiguration(), given, from_page("GET", "x")) is given
    assert cors.preflight(CorsConfiguration(), from_page("OPTIONS", "x", ASKS)) is None
