"""Requests that clients, proxies and attackers send, and that a well-behaved caller does not think of."""

import codecs
import gzip
import json
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.support.api_harness import GOOD, Harness
from tests.support.events import analyze_event, http_event

UNSTORABLE = ("\0", "a\0b", "\ud800", "a\udfff")


def bytes_event(body: bytes, **headers: str) -> dict[str, Any]:
    """A body that is no text for API Gateway, which passes it in base64."""
    return {**analyze_event(b64encode(body).decode(), **headers), "isBase64Encoded": True}


def listing(**query: str) -> dict[str, Any]:
    return {**http_event("GET /jobs"), "queryStringParameters": query}


@pytest.mark.parametrize("name", ["idempotency-key", "content-type"])
def test_a_header_that_was_sent_twice_is_refused(harness: Harness, name: str) -> None:
    # API Gateway joins the lines with a comma.
    value = {"idempotency-key": "K", "content-type": "application/json; charset=utf-8"}[name]
    status, problem = harness.refused(analyze_event(GOOD, **{name: f"{value},{value}"}))
    assert (status, problem["errors"][0]["pointer"]) == (422, f"/headers/{name}")
    assert "once" in problem["detail"]
    assert harness.call(analyze_event(GOOD, **{name: value}))[0] == 202


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "queued"),
        ("analysis", "summary"),
        ("created_from", "2026-11-20T00:00:00Z"),
        ("created_before", "2026-11-20T00:00:00Z"),
        ("limit", "5"),
        ("cursor", "WyIyMDI2LTExLTIwVDEyOjAwOjAwKzAwOjAwIiwgIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMCJd"),
    ],
)
def test_a_query_parameter_that_was_sent_twice_is_refused(harness: Harness, name: str, value: str) -> None:
    assert harness.call(listing(**{name: value}))[0] == 200
    status, problem = harness.refused(listing(**{name: f"{value},{value}"}))
    assert (status, [error["pointer"] for error in problem["errors"]]) == (422, [f"/query/{name}"])


@pytest.mark.parametrize("text", UNSTORABLE)
@pytest.mark.parametrize("name", ["status", "analysis", "created_from", "created_before", "limit", "cursor", "other"])
def test_a_query_with_text_that_the_database_cannot_store_is_refused(harness: Harness, name: str, text: str) -> None:
    assert harness.refused(listing(**{name: text}))[0] == 422
    assert harness.refused(listing(**{text: "x"}))[0] == 422


@pytest.mark.parametrize("text", UNSTORABLE)
@pytest.mark.parametrize("route", ["GET /status/{id}", "POST /jobs/{id}/cancel"])
def test_an_id_that_the_database_cannot_store_is_not_found(harness: Harness, route: str, text: str) -> None:
    assert harness.refused(http_event(route, parameters={"id": text}))[0] == 404


@pytest.mark.parametrize("text", UNSTORABLE)
def test_a_key_or_a_tenant_that_the_database_cannot_store_is_refused(harness: Harness, text: str) -> None:
    assert harness.refused(analyze_event(GOOD, idempotency_key=text))[0] == 422
    for authorizer in ({"jwt": {"claims": {"sub": text}}}, {"iam": {"userArn": text}}):
        for event in (analyze_event(GOOD), listing(), http_event("GET /status/{id}", parameters={"id": text})):
            event["requestContext"]["authorizer"] = authorizer
            assert harness.refused(event)[0] == 403


def test_a_tenant_that_does_not_fit_an_index_is_refused(harness: Harness) -> None:
    for subject, status in (("é" * 501, 403), ("é" * 500, 202)):
        event = analyze_event(GOOD)
        event["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": subject}}}
        assert harness.call(event)[0] == status


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "\\udc00\\ud800"])
@pytest.mark.parametrize(
    "template",
    [
        '{"analysis": "§", "input": {"text": "x"}}',
        '{"analysis": "mood", "input": {"text": "§"}}',
        '{"analysis": "mood", "input": {"text": "x", "§": 1}}',
        '{"analysis": "mood", "model": "§", "input": {"text": "x"}}',
        '{"analysis": "mood", "input": {"text": "x"}, "metadata": {"a": ["§"]}}',
        '{"analysis": "mood", "input": {"text": "x"}, "metadata": {"§": 1}}',
        '{"analysis": "mood", "input": {"text": "x"}, "§": 1}',
    ],
)
def test_a_body_with_text_that_the_database_cannot_store_is_refused(
    harness: Harness, template: str, escape: str
) -> None:
    assert harness.refused(analyze_event(template.replace("§", escape)))[0] in (400, 422)


def test_an_escaped_backslash_before_u0000_is_text(harness: Harness) -> None:
    assert harness.call(analyze_event('{"analysis": "mood", "input": {"text": "\\\\u0000"}}'))[0] == 202


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, identity", "x-unknown"])
def test_a_compressed_body_is_refused_with_the_accepted_coding(harness: Harness, coding: str) -> None:
    event = bytes_event(gzip.compress(json.dumps(GOOD).encode()), content_encoding=coding)
    assert harness.refused(event)[0] == 415
    assert harness.call(event)[2]["accept-encoding"] == "identity"
    del event["headers"]["content-encoding"]
    assert "compressed" in harness.refused_detail(event)
    assert harness.call(analyze_event(GOOD, content_encoding="identity"))[0] == 202


def test_a_byte_order_mark_is_skipped(harness: Harness) -> None:
    body = codecs.BOM_UTF8 + json.dumps(GOOD).encode()
    assert harness.refused_detail(bytes_event(codecs.BOM_UTF8)).endswith("it is empty.")
    assert harness.call(analyze_event(body.decode()))[0] == 202
    assert harness.call(bytes_event(body))[0] == 202


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_another_encoding_is_named(harness: Harness, encoding: str) -> None:
    assert "Send UTF-8" in harness.refused_detail(bytes_event(json.dumps(GOOD).encode(encoding)))


@pytest.mark.parametrize(
    "query",
    [
        "created_from=2026-11-20T00:00:00+00:00",
        "created_from=2026-11-20T00:00:00.5+05:30",
        "created_from=2026-11-20T00:00:00%2B00:00",
        "created_before=2026-11-20+13:00:00+01:00",
    ],
)
def test_an_offset_with_an_unescaped_plus_is_read(harness: Harness, query: str) -> None:
    assert harness.call(listing(**dict(parse_qsl(query))))[0] == 200


@pytest.mark.parametrize("value", ["2026-11-20 00:00", "2026-11-20T00:00:00 ", "2026-11-20T00:00:00 0000"])
def test_a_time_without_an_offset_is_refused(harness: Harness, value: str) -> None:
    assert harness.refused(listing(created_from=value))[0] == 422


def test_metadata_is_measured_as_compact_json(harness: Harness) -> None:
    largest = {"a": "x" * (4_096 - len('{"a":""}'))}
    status, problem = harness.refused(analyze_event({**GOOD, "metadata": {"a": largest["a"] + "x"}}))
    assert (status, "4,097" in problem["detail"], "4,096" in problem["detail"]) == (422, True, True)
    spaced = json.dumps({**GOOD, "metadata": {"a": [1] * 1_000}}, indent=8)
    escaped = json.dumps({**GOOD, "metadata": {"a": "é" * 2_000}})
    for body in (json.dumps({**GOOD, "metadata": largest}), spaced, escaped):
        assert harness.call(analyze_event(body))[0] == 202


@pytest.mark.parametrize("path", ["/health", "/jobs", "/openapi.json"])
def test_head_is_answered_like_get(harness: Harness, path: str) -> None:
    got = harness.call(http_event(f"GET {path}"))
    for key in ("$default", f"HEAD {path}"):
        event = http_event(key, path=path)
        event["requestContext"]["http"]["method"] = "HEAD"
        assert harness.call(event) == got


def test_head_reads_the_variables_of_the_path(harness: Harness) -> None:
    job_id = harness.submit()
    event = http_event("$default", path=f"/status/{job_id}")
    event["requestContext"]["http"]["method"] = "HEAD"
    assert harness.call(event)[1]["id"] == job_id
    for path in ("/analyze", f"/jobs/{job_id}/cancel", "/nowhere"):
        event = http_event("$default", path=path)
        event["requestContext"]["http"]["method"] = "HEAD"
        assert harness.call(event)[0] in (404, 405)


@pytest.mark.parametrize("authorization", ["iam", "jwt"])
@pytest.mark.parametrize("authorizer", [None, {}])
def test_a_request_without_an_authorizer_is_refused_on_a_protected_stage(
    harness: Harness, authorization: str, authorizer: dict[str, Any] | None
) -> None:
    harness.use_cases["authorization"] = authorization
    an_id = {"id": "5e082756-0f28-4607-a9ca-618ccdd437d0"}
    for event in (
        analyze_event(GOOD),
        listing(),
        http_event("GET /status/{id}", parameters=an_id),
        http_event("POST /jobs/{id}/cancel", parameters=an_id),
    ):
        if authorizer is not None:
            event["requestContext"]["authorizer"] = authorizer
        assert harness.refused(event)[0] == 403
    assert harness.call(http_event("GET /health"))[0] == 200
