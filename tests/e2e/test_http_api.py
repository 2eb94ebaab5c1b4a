"""The API from a client's side: it refuses bad requests without effect, and its log contains no confidential data."""

import codecs
import contextlib
import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from pg8000.exceptions import DatabaseError

from tests.e2e.conftest import Pipeline

pytestmark = pytest.mark.xdist_group("shared-pipeline")
SECRET = "canary-4711-do-not-log"
GOOD = {"analysis": "summary", "input": {"text": f"Rain is likely. {SECRET}"}}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b'{"analysis": "summary", "input": {"text": "\xff\xfe"}}', {}, 400),
        (b'{"analysis": "summary", "input": {"text": "' + SECRET.encode() + b'"', {}, 400),
        (b"[" * 4_000, {}, 400),
        (b"[" * 50_000, {}, 413),
        (b'{"input":' * 2_000 + b"1" + b"}" * 2_000, {}, 400),
        (b"[]", {}, 422),
        ({"analysis": "summary"}, {}, 422),
        ({"analysis": "summary", "input": {}}, {}, 422),
        ({"analysis": "summary", "input": {"text": ""}}, {}, 422),
        ({"analysis": "summary", "input": {"text": 5}}, {}, 422),
        ({"analysis": "summary", "input": {"text": "\u200b\u2060"}}, {}, 422),
        ({"analysis": "complaint-triage", "input": {"narrative": "\ufeff"}}, {}, 422),
        ({"analysis": 5, "input": {"text": SECRET}}, {}, 422),
        ({"analysis": SECRET, "input": {"text": "x"}}, {}, 422),
        ({**GOOD, "unknown": SECRET}, {}, 422),
        ({**GOOD, "model": SECRET}, {}, 422),
        ({**GOOD, "model": "sonnet", "parameters": {"temperature": 0.5}}, {}, 422),
        ({**GOOD, "parameters": {"max_tokens": -1}}, {}, 422),
        ({**GOOD, "metadata": SECRET}, {}, 422),
        ({**GOOD, **{f"k{number}": 1 for number in range(4_000)}}, {}, 422),
        ({**GOOD, **{f"k{number}": 1 for number in range(150_000)}}, {}, 413),
        ({**GOOD, "input": {f"k{number}": 1 for number in range(4_000)}}, {}, 422),
        ({**GOOD, "input": {f"k{number}": 1 for number in range(150_000)}}, {}, 413),
        ({**GOOD, "parameters": {f"k{number}": 1 for number in range(4_000)}}, {}, 422),
        ({**GOOD, "parameters": {f"k{number}": 1 for number in range(150_000)}}, {}, 413),
        ({**GOOD, "metadata": {f"k{number}": 1 for number in range(4_000)}}, {}, 422),
        ({**GOOD, "metadata": {f"k{number}": 1 for number in range(150_000)}}, {}, 413),
        ({**GOOD, "metadata": {"k" * 40_000 + f"{number}": "\0" for number in range(20)}}, {}, 422),
        ({**GOOD, "metadata": ["\0"] * 4_000}, {}, 422),
        ({**GOOD, "metadata": ["\0"] * 200_000}, {}, 413),
        (b'{"analysis": "summary", "input": [' + b"0," * 1_000_000 + b"0]}", {}, 413),
        (b'{"metadata": {"n": ' + b"9" * 800_000 + b"}}", {}, 400),
        (b'{"metadata": {"n": 1e999}}', {}, 400),
        (b"x" * 5_000_000, {}, 413),
        (json.dumps({"analysis": "summary", "input": {"text": "x" * 5_000_000}}), {}, 413),
        (GOOD, {"content_type": "text/plain"}, 415),
        (GOOD, {"content_type": ""}, 415),
        (GOOD, {"idempotency_key": "k" * 300}, 422),
        (GOOD, {"idempotency_key": "two words"}, 422),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_a_bad_request_is_refused_and_leaves_no_job(
    pipeline: Pipeline, body: object, headers: dict[str, str], status: int
) -> None:
    before = pipeline.jobs()
    got, problem = pipeline.post(body, **headers)
    assert (got, problem["status"]) == (status, status)
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in json.dumps(problem)
    if status == 422:
        assert problem["errors"][0].keys() == {"pointer", "detail"}
    assert pipeline.jobs() == before


@pytest.mark.parametrize("job_id", ["nope", "1", "%2e%2e", "00000000-0000-4000-8000-000000000000", "%FF", "a%00b"])
def test_an_unknown_id_is_not_found(pipeline: Pipeline, job_id: str) -> None:
    status, problem = pipeline.get(f"/status/{job_id}")
    assert (status, problem["title"]) == (404, "No such job")


def on_two_lines(pipeline: Pipeline, method: str, path: str, body: bytes, *headers: tuple[str, str]) -> tuple[int, Any]:
    """Send a request whose headers may repeat."""
    connection = http.client.HTTPConnection(urlsplit(pipeline.ready["api_url"]).netloc, timeout=30)
    with contextlib.closing(connection):
        connection.putrequest(method, path)
        for name, value in (("Content-Length", str(len(body))), *headers):
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("Idempotency-Key", "K"), ("Idempotency-Key", "K")], 422),
        ([("Idempotency-Key", "K"), ("idempotency-key", "L")], 422),
        ([("Content-Encoding", "gzip")], 415),
    ],
)
def test_a_repeated_header_or_a_compressed_body_makes_no_job(
    pipeline: Pipeline, headers: list[tuple[str, str]], status: int
) -> None:
    before = pipeline.jobs()
    json_headers = [("Content-Type", "application/json"), *headers]
    assert on_two_lines(pipeline, "POST", "/analyze", json.dumps(GOOD).encode(), *json_headers)[0] == status
    assert pipeline.jobs() == before


def test_a_body_with_a_byte_order_mark_is_read(pipeline: Pipeline) -> None:
    assert pipeline.post(codecs.BOM_UTF8 + json.dumps(GOOD).encode())[0] == 202


@pytest.mark.parametrize("path", ["/health", "/jobs", "/openapi.json"])
def test_head_has_the_headers_of_get_and_no_body(pipeline: Pipeline, path: str) -> None:
    status, headers, body = pipeline.request("HEAD", path)
    assert (status, headers["content-type"], body) == (200, "application/json", b"")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("analysis=%00", 422),
        ("analysis=a%00b", 422),
        ("analysis=%ED%A0%80", 422),
        ("analysis=summary&analysis=summary", 422),
        ("cursor=%00", 422),
        ("status=%00", 422),
        ("%00=1", 422),
        ("created_from=2026-11-28T00:00:00+00:00", 200),
        ("created_from=2026-11-28T00:00:00%2B00:00", 200),
    ],
)
def test_a_query_is_read_or_refused(pipeline: Pipeline, query: str, status: int) -> None:
    assert pipeline.get(f"/jobs?{query}")[0] == status


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("GET", "/analyze", 405), ("PUT", "/health", 405)]
)
def test_unknown_paths_and_methods_return_a_problem_document(
    pipeline: Pipeline, method: str, path: str, status: int
) -> None:
    got, headers, body = pipeline.request(method, path)
    assert (got, headers["content-type"]) == (status, "application/problem+json")
    assert json.loads(body)["status"] == status


def test_concurrent_requests_with_one_key_get_one_job(pipeline: Pipeline) -> None:
    before = pipeline.jobs()
    start = threading.Barrier(8)

    def submit(_number: int) -> tuple[int, Any]:
        start.wait()
        return pipeline.post(GOOD, idempotency_key="same-moment")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(submit, range(8)))
    assert {status for status, _ in answers} == {202}
    assert len({body["id"] for _, body in answers}) == 1
    assert pipeline.jobs() == before + 1
    job_id = answers[0][1]["id"]
    assert pipeline.finished(job_id)["attempts"] == 1
    status, body = pipeline.post({**GOOD, "model": "fast"}, idempotency_key="same-moment")
    assert (status, body["title"]) == (409, "Idempotency-Key reused")
    assert pipeline.post(GOOD, idempotency_key="same-moment")[1]["id"] == job_id


def test_health_and_description_are_served(pipeline: Pipeline) -> None:
    status, body = pipeline.get("/health")
    assert (status, body["status"]) == (200, "ok")
    assert body["checks"] == {"database": "ok", "queue": "ok", "configuration": "ok"}
    status, body = pipeline.get("/openapi.json")
    assert (status, body["openapi"]) == (200, "3.1.0")


def test_the_database_log_contains_neither_rows_nor_statements(pipeline: Pipeline) -> None:
    with pytest.raises(DatabaseError, match="null value"):
        pipeline.rows(f"INSERT INTO schema_migrations (number, name) VALUES (9999, '{SECRET}')")
    assert 'ERROR:  null value in column "sha256"' in pipeline.log()
    assert SECRET not in pipeline.log()


def test_the_log_contains_no_content_of_a_job(pipeline: Pipeline) -> None:
    job_id = pipeline.submit("summary", {"text": f"Rain is likely. {SECRET}"}, metadata={"secret": SECRET})
    body = pipeline.finished(job_id)
    log = pipeline.log()
    assert job_id in log
    assert SECRET not in log
    assert body["result_url"].partition("?")[2] not in log
    assert "Traceback" not in log
