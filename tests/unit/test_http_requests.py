"""Requests and responses of the HTTP API: limits of the body, its notation, and the headers of every response."""

import base64
import json
from http import HTTPStatus
from typing import Any

import pytest
from pipeline.jobs.domain.admission import DailyLimit
from pipeline.jobs.errors import DailyLimitReached, JobEnded, KeyReused, NoSuchJob, QueueTooCostly, TooManyQueued
from pipeline.jobs.handlers.problems import MAX_DETAIL, problem_response
from pipeline.jobs.handlers.request_headers import idempotency_key
from pipeline.platform.errors import ConfigurationError, FieldError, InvalidRequest, Unavailable
from pipeline.platform.http import HttpProblem, respond
from pipeline.platform.json_body import BodyLimits, json_body
from pipeline.platform.policy import ApiPolicy

from tests.support.events import http_event

API = ApiPolicy()
LIMIT = 100
LIMITS = BodyLimits(bytes=LIMIT, text_bytes=LIMIT, elements=LIMIT)


def body_of(body: str | None, *, encoded: bool = False, media_type: str = "application/json") -> object:
    event = http_event("POST /analyze", body=body, base64_encoded=encoded, headers={"content-type": media_type})
    return json_body(event, LIMITS)


def refusal(body: str | None, **event: Any) -> HttpProblem:
    with pytest.raises(HttpProblem) as refused:
        body_of(body, **event)
    return refused.value


def text_of(size: int) -> str:
    """A JSON string of that many bytes."""
    return json.dumps("x" * (size - 2))


def test_a_body_of_exactly_the_limit_is_read() -> None:
    assert body_of(text_of(LIMIT)) == "x" * (LIMIT - 2)
    assert body_of(base64.b64encode(text_of(LIMIT).encode()).decode(), encoded=True) == "x" * (LIMIT - 2)


@pytest.mark.parametrize(
    ("body", "encoded"),
    [
        (text_of(LIMIT + 1), False),
        (json.dumps("é" * 50, ensure_ascii=False), False),  # 52 characters, 102 bytes
        (base64.b64encode(text_of(LIMIT + 1).encode()).decode(), True),
        ("x" * (2 * LIMIT + 1), True),  # not decoded, so not found to be malformed
    ],
)
def test_a_longer_body_is_refused_with_the_limit(body: str, encoded: bool) -> None:
    problem = refusal(body, encoded=encoded)
    assert problem.status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert "100 bytes" in problem.detail


@pytest.mark.parametrize(
    ("body", "encoded", "reason"),
    [
        (None, False, "empty"),
        (" \n", False, "empty"),
        ("not base64!", True, "UTF-8"),
        ('"\ud800"', False, "UTF-8"),
        ("[NaN]", False, ""),
        ("[1e999]", False, ""),
        ('{"a": 1,}', False, "column"),
    ],
)
def test_a_malformed_body_is_refused_with_the_reason(body: str | None, encoded: bool, reason: str) -> None:
    problem = refusal(body, encoded=encoded)
    assert (problem.status, problem.title) == (HTTPStatus.BAD_REQUEST, "Malformed JSON")
    assert reason in problem.detail


@pytest.mark.parametrize("media_type", ["application/json", "APPLICATION/JSON", "application/json ; charset=utf-8"])
def test_json_is_recognized_in_every_notation_of_its_media_type(media_type: str) -> None:
    assert body_of("1", media_type=media_type) == 1


def test_a_body_without_a_media_type_is_refused() -> None:
    with pytest.raises(HttpProblem) as refused:
        json_body({"body": "1"}, LIMITS)
    assert refused.value.status is HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    assert "application/json" in refused.value.detail


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2.0", 2),
        ("-2.0", -2),
        ("2.5", 2.5),
        ("9007199254740991.0", 2**53 - 1),
        ("9007199254740992.0", 2.0**53),  # from here on, a float may stand for several integers
        ("1e300", 1e300),
    ],
)
def test_a_whole_number_is_an_integer_in_every_notation(text: str, value: float) -> None:
    read = body_of(text)
    assert (read, type(read)) == (value, type(value))


def test_every_place_of_the_character_u0000_is_listed() -> None:
    with pytest.raises(InvalidRequest) as refused:
        body_of('{"a": ["x", "\\u0000"], "b\\u0000": "\\\\u0000"}')
    assert [error["pointer"] for error in refused.value.errors] == ["/a/1", ""]


def test_no_response_is_kept_by_a_cache_or_rendered_as_a_page() -> None:
    response = respond(HTTPStatus.OK, {"ü": 1}, {"retry-after": "1"})
    assert response["headers"] == {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "retry-after": "1",
    }
    assert (response["statusCode"], json.loads(response["body"])) == (200, {"ü": 1})
    problem = problem_response(NoSuchJob(), "request-1")
    assert problem["headers"] == {**respond(HTTPStatus.OK, 1)["headers"], "content-type": "application/problem+json"}


@pytest.mark.parametrize(
    ("error", "status", "retry_after", "stated"),
    [
        (KeyReused(), 409, None, "new key"),
        (NoSuchJob(), 404, None, "no job"),
        (JobEnded("succeeded"), 409, None, "succeeded"),
        (DailyLimitReached(DailyLimit.USD, 59.1), 429, 60, "spending limit"),
        (DailyLimitReached(DailyLimit.JOBS, 60.0), 429, 60, "midnight UTC"),
        (DailyLimitReached(DailyLimit.BYTES, 60.0), 429, 60, "bytes"),
        (QueueTooCostly(), 429, API.retry_after_queue_full_s, "Retry after some have finished"),
        (TooManyQueued(10_000), 429, API.retry_after_queue_full_s, "10,000"),
        (Unavailable("database"), 503, API.retry_after_outage_s, "same Idempotency-Key"),
        (ConfigurationError("secret detail"), 503, API.retry_after_misconfiguration_s, "same Idempotency-Key"),
        (RuntimeError("secret detail"), 500, None, "request-1"),
        (HttpProblem(HTTPStatus.FORBIDDEN, "t", "the detail", headers={"retry-after": "7"}), 403, 7, "the detail"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_error_has_its_status_and_states_what_to_do(
    error: Exception, status: int, retry_after: int | None, stated: str
) -> None:
    response = problem_response(error, "request-1")
    body = json.loads(response["body"])
    assert (response["statusCode"], body["status"]) == (status, status)
    assert response["headers"].get("retry-after") == (None if retry_after is None else str(retry_after))
    assert stated in body["detail"]
    assert body["type"] == "about:blank"
    assert body["title"]
    assert "errors" not in body
    assert "secret" not in response["body"]


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "\x7f", "é"])
def test_a_bad_idempotency_key_is_located_in_the_headers(key: str) -> None:
    with pytest.raises(HttpProblem) as refused:
        idempotency_key(http_event("POST /analyze", headers={"idempotency-key": key}))
    assert refused.value.status is HTTPStatus.UNPROCESSABLE_ENTITY
    assert [error["pointer"] for error in refused.value.errors] == ["/headers/idempotency-key"]


@pytest.mark.parametrize("key", ["x", "~" * 255, "!"])
def test_a_good_idempotency_key_is_returned_unchanged(key: str) -> None:
    assert idempotency_key(http_event("POST /analyze", headers={"idempotency-key": key})) == key


def test_invalid_fields_are_listed_and_the_first_three_are_in_the_detail() -> None:
    errors: list[FieldError] = [{"pointer": f"/{name}", "detail": f"why {name}"} for name in "abcd"]
    body = json.loads(problem_response(InvalidRequest(errors), "request-1")["body"])
    assert (body["status"], body["errors"]) == (422, errors)
    assert body["detail"] == "/a: why a; /b: why b; /c: why c"
    whole = json.loads(problem_response(InvalidRequest.at("", "why"), "request-1")["body"])
    assert whole["detail"] == "/: why"


def test_a_detail_is_cut_at_its_limit() -> None:
    problem = HttpProblem(HTTPStatus.BAD_REQUEST, "t", "x" * (MAX_DETAIL + 1))
    assert len(json.loads(problem_response(problem, "request-1")["body"])["detail"]) == MAX_DETAIL
