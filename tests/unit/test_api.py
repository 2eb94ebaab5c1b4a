"""The API handler on events of API Gateway, with its use cases on fakes."""

import base64
import json
import logging
import re
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import JobResult
from pipeline.jobs.domain.listing import Cursor
from pipeline.jobs.domain.request import MAX_BODY_BYTES
from pipeline.jobs.handlers import api
from pipeline.jobs.handlers.listing import write_cursor
from pipeline.jobs.services.check_health import CheckHealth
from pipeline.models.stage_config import Limits, StageConfig
from pipeline.platform.errors import ConfigurationError, Unavailable

from tests.support.api_harness import CONTEXT, GOOD, HEALTH_KEPT_S, Harness
from tests.support.call_ledger_contract import ANSWERED, begun
from tests.support.events import analyze_event, http_event
from tests.support.fakes import InMemoryJobStore


def test_a_request_is_accepted(harness: Harness) -> None:
    status, body, headers = harness.call(analyze_event(GOOD))
    assert status == 202
    assert body.keys() == {"id", "status", "status_url", "created_at"}
    assert body["status"] == "queued"
    assert headers["location"] == body["status_url"] == f"/status/{body['id']}"
    assert headers["retry-after"] == "1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["created_at"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("  ", 400),
        ("{", 400),
        ('{"analysis": "mood", "input": {"text": NaN}}', 400),
        ('{"analysis": "mood", "input": {"text": "\\ud800"}}', 400),
        ("[" * 4_000 + "]" * 4_000, 400),
        ("[" * 100_000 + "]" * 100_000, 413),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, 400),
        ('{"analysis": "mood", "input": {"text": ' + "9" * 5_000 + "}}", 400),
        ("null", 422),
        ("[]", 422),
        ('"text"', 422),
        ("{}", 422),
        ('{"analysis": "mood"}', 422),
        ('{"analysis": "mood", "input": "text"}', 422),
        ('{"analysis": 1, "input": {"text": "x"}}', 422),
        ('{"analysis": "mood", "input": {"text": "x"}, "extra": 1}', 422),
        ('{"analysis": "mood", "input": {"text": "a\\u0000b"}}', 422),
        ('{"analysis": "mood", "input": {"text": "x"}, "metadata": {"\\u0000": 1}}', 422),
        ('{"analysis": "mood", "input": {"text": "x"}, "parameters": {"max_tokens": "10"}}', 422),
        ('{"analysis": "mood", "input": {"text": "x"}, "parameters": {"max_tokens": 0}}', 422),
        ('{"analysis": "mood", "input": {"text": "x"}, "parameters": {"temperature": 1.1}}', 422),
        ('{"analysis": "mood", "input": {"text": "x"}, "parameters": null}', 422),
        (json.dumps({**GOOD, "metadata": {"x": "y" * 5_000}}), 422),
        (json.dumps({**GOOD, "model": ""}), 422),
        ("x" * (MAX_BODY_BYTES + 1), 413),
        ("x" * 5_000_000, 413),
        (json.dumps({**GOOD, "metadata": {"x": "y" * 900_000}}), 413),
        (json.dumps({**GOOD, "metadata": {"x": [1] * 5_000}}), 413),
        ('{"metadata": {"n": 1e999}}', 400),
        ('{"metadata": {"n": ' + "9" * 101 + "}}", 400),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_body_is_refused(harness: Harness, body: str, status: int) -> None:
    got, problem = harness.refused(analyze_event(body))
    assert got == status
    if status == 422:
        assert problem["errors"][0]["detail"]


def test_invalid_fields_are_listed_without_their_values(harness: Harness) -> None:
    secret = "canary-4711"
    _, problem = harness.refused(analyze_event({"analysis": "mood", "input": {"text": secret * 20, "a/b": secret}}))
    assert {error["pointer"] for error in problem["errors"]} == {"/input/text", "/input/a~1b"}
    assert secret not in json.dumps(problem)


def test_invalid_utf8_is_refused(harness: Harness) -> None:
    event = analyze_event(base64.b64encode(b'{"analysis": "\xff"}').decode())
    event["isBase64Encoded"] = True
    assert harness.refused(event)[0] == 400


def test_a_base64_body_is_read(harness: Harness) -> None:
    event = analyze_event(base64.b64encode(json.dumps(GOOD).encode()).decode())
    event["isBase64Encoded"] = True
    assert harness.call(event)[0] == 202


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_another_media_type_is_refused(harness: Harness, media_type: str) -> None:
    event = analyze_event(GOOD)
    event["headers"]["content-type"] = media_type
    assert harness.refused(event)[0] == 415


def test_json_with_a_charset_is_json(harness: Harness) -> None:
    event = analyze_event(GOOD)
    event["headers"]["content-type"] = "Application/JSON; charset=utf-8"
    assert harness.call(event)[0] == 202


@pytest.mark.parametrize("key", ["x" * 256, "x" * 300, "", "with space", "tab\t", "é", "k,k", "a,b"])
def test_a_bad_idempotency_key_is_refused(harness: Harness, key: str) -> None:
    assert harness.refused(analyze_event(GOOD, idempotency_key=key))[0] == 422


def test_requests_with_one_idempotency_key_get_one_job_and_one_response(harness: Harness) -> None:
    answers = [harness.call(analyze_event(GOOD, idempotency_key="~" * 255)) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert len(harness.store.rows) == 1


def test_a_key_used_for_another_request_is_a_conflict(harness: Harness) -> None:
    harness.call(analyze_event(GOOD, idempotency_key="k"))
    status, body, _ = harness.call(analyze_event({**GOOD, "input": {"text": "other"}}, idempotency_key="k"))
    assert status == 409
    assert body["title"] == "Idempotency-Key reused"


def test_an_unavailable_queue_is_a_503_and_leaves_no_job(harness: Harness) -> None:
    harness.queue.down = True
    event = analyze_event(GOOD)
    assert harness.refused(event)[0] == 503
    assert int(harness.call(event)[2]["retry-after"]) > 0


@pytest.mark.parametrize(
    "error", [Unavailable("database"), ConfigurationError("secret detail"), RuntimeError("secret detail")]
)
def test_an_internal_error_reveals_no_detail(
    harness: Harness, error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(InMemoryJobStore, "submit", fail)
    status, problem = harness.refused(analyze_event(GOOD))
    assert status == (500 if isinstance(error, RuntimeError) else 503)
    assert "secret" not in json.dumps(problem)
    assert "Traceback" not in json.dumps(problem)


def test_the_status_of_a_queued_job(harness: Harness) -> None:
    status, body, headers = harness.status(harness.submit())
    assert status == 200
    assert headers["retry-after"] == "1"
    assert body == {
        "id": body["id"],
        "status": "queued",
        "analysis": "mood",
        "model": "global.anthropic.claude-sonnet-5",
        "created_at": "2026-11-20T12:00:00.000Z",
        "started_at": None,
        "finished_at": None,
        "attempts": 0,
        "result": None,
        "result_url": None,
        "result_sha256": None,
        "redrive_of": None,
        "redriven_as": None,
        "usage": {
            "input_tokens": 0,
            "output_tokens": 0,
            "cache_read_tokens": 0,
            "cache_write_tokens": 0,
            "cost_usd": 0.0,
        },
        "error": None,
        "metadata": {"ticket": "A-17"},
        "erased_at": None,
    }


def test_the_status_of_a_finished_job(harness: Harness) -> None:
    job_id = harness.submit()
    row = next(iter(harness.store.rows.values()))
    harness.store.claim(row.job.id, 60)
    harness.store.ledger.end(begun(harness.store.ledger, job_id=row.job.id).id, ANSWERED)
    harness.store.succeed(row.job.id, 1, JobResult.of("results/1.json", b'{"mood": "ok"}'))
    status, body, headers = harness.status(job_id)
    assert (status, body["status"], body["result"]) == (200, "succeeded", {"mood": "ok"})
    assert body["result_url"].startswith("https://results.test/results/1.json")
    assert (body["usage"]["input_tokens"], body["usage"]["cost_usd"]) == (100, 0.25)
    assert "retry-after" not in headers


def test_the_status_of_a_failed_job(harness: Harness) -> None:
    job_id = harness.submit()
    row = next(iter(harness.store.rows.values()))
    harness.store.claim(row.job.id, 60)
    harness.store.fail(row.job.id, 1, Failure.of(FailureCode.OUTPUT_TRUNCATED))
    _, body, _ = harness.status(job_id)
    assert body["error"].keys() == {"code", "message", "retryable"}
    assert (body["status"], body["error"]["code"], body["error"]["retryable"]) == ("failed", "output_truncated", False)


def test_a_request_over_the_daily_limit_is_a_429_with_retry_after(harness: Harness) -> None:
    harness.configuration.stage = StageConfig(limits=Limits(daily_usd=Decimal(0)))
    status, body, headers = harness.call(analyze_event(GOOD))
    assert (status, body["title"], headers["retry-after"]) == (429, "Daily spending limit reached", str(12 * 3600))
    assert harness.queue.sent == []


def test_too_many_queued_jobs_are_a_429(harness: Harness) -> None:
    harness.configuration.stage = StageConfig(limits=Limits(queued_jobs_per_tenant=1))
    harness.submit()
    status, body, headers = harness.call(analyze_event(GOOD))
    assert (status, body["title"], headers["retry-after"]) == (429, "Too many queued jobs", "60")


def test_queued_jobs_that_may_cost_the_rest_of_the_day_are_a_429_until_some_have_finished(harness: Harness) -> None:
    harness.configuration.stage = StageConfig(limits=Limits(daily_usd=Decimal("0.08")))
    harness.submit()
    status, body, headers = harness.call(analyze_event(GOOD))
    assert (status, body["title"], headers["retry-after"]) == (429, "Queued jobs too costly", "60")
    assert len(harness.queue.sent) == 1


@pytest.mark.parametrize(
    ("limit", "title"),
    [
        ({"daily_jobs_per_tenant": 1}, "Daily job limit reached"),
        ({"daily_input_bytes_per_tenant": 40}, "Daily data limit reached"),
    ],
)
def test_cancelled_jobs_count_against_the_daily_limits(harness: Harness, limit: dict[str, int], title: str) -> None:
    harness.configuration.stage = StageConfig(limits=Limits.model_validate(limit))
    job_id = harness.submit()
    assert harness.call(cancel_event(job_id))[0] == 200
    status, body, headers = harness.call(analyze_event(GOOD))
    assert (status, body["title"], headers["retry-after"]) == (429, title, str(12 * 3600))
    assert "Cancelled jobs count." in body["detail"]


@pytest.mark.parametrize(
    "job_id", ["nope", "0", "%00", "../health", "00000000-0000-0000-0000-000000000000", "{x}", "é"]
)
def test_an_unknown_id_is_not_found(harness: Harness, job_id: str) -> None:
    status, body, _ = harness.status(job_id)
    assert (status, body["title"]) == (404, "No such job")


def test_another_callers_job_is_not_found(harness: Harness) -> None:
    mine = {"jwt": {"claims": {"sub": "me"}}}
    job_id = harness.submit(**mine)
    assert harness.status(job_id, **mine)[0] == 200
    assert harness.status(job_id, jwt={"claims": {"sub": "you"}})[0] == 404
    assert harness.status(job_id, iam={"userArn": "arn:aws:iam::111122223333:user/you"})[0] == 404
    assert harness.status(job_id, jwt={"claims": {"scope": "read"}})[0] == 403
    assert harness.status(job_id)[0] == 404


def test_sessions_of_one_role_are_one_caller(harness: Harness) -> None:
    role = "arn:aws:sts::111122223333:assumed-role/Batch"
    job_id = harness.submit(iam={"userArn": f"{role}/one"})
    assert harness.status(job_id, iam={"userArn": f"{role}/two"})[0] == 200


def test_a_long_field_name_is_cut_in_the_response(harness: Harness) -> None:
    _, problem = harness.refused(analyze_event({**GOOD, "x" * 500_000: 1}))
    assert len(json.dumps(problem)) < 2_000


def test_health_reports_each_dependency(harness: Harness) -> None:
    status, body, _ = harness.call(http_event("GET /health"))
    assert status == 200
    assert body == {"status": "ok", "version": "0.1.0", "stage": "test", "checks": {"database": "ok", "queue": "ok"}}
    harness.queue.down = True
    harness.seconds = HEALTH_KEPT_S
    status, body, _ = harness.call(http_event("GET /health"))
    assert (status, body["status"], body["checks"]["queue"]) == (503, "down", "down")


def test_many_health_requests_are_one_check(harness: Harness) -> None:
    asked: list[float] = []
    checks = {"database": lambda: asked.append(harness.seconds)}
    harness.use_cases["check_health"] = CheckHealth("test", checks, HEALTH_KEPT_S, lambda: harness.seconds)
    for harness.seconds in (0, 1, HEALTH_KEPT_S - 0.1, HEALTH_KEPT_S, HEALTH_KEPT_S + 1):
        assert harness.call(http_event("GET /health"))[0] == 200
    assert asked == [0, HEALTH_KEPT_S]


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/analyze", 405, "POST"),
        ("DELETE", "/status/x", 405, "GET, HEAD"),
        ("GET", "/", 404, None),
        ("GET", "/status/", 404, None),
        ("GET", "/status/x/y", 404, None),
        ("GET", "/admin", 404, None),
    ],
)
def test_unknown_paths_and_methods_are_refused(
    harness: Harness, method: str, path: str, status: int, allow: str | None
) -> None:
    event = http_event("$default", path=path)
    event["requestContext"]["http"]["method"] = method
    got, _, headers = harness.call(event)
    assert (got, headers.get("allow")) == (status, allow)


@pytest.mark.parametrize("path", ["/analyze", "/status/x", "/jobs/x/cancel"])
def test_a_preflight_request_is_answered(path: str) -> None:
    event = http_event("OPTIONS /{proxy+}", path=path)
    answer = api.handler(event, CONTEXT)
    assert (answer["statusCode"], answer["headers"]["allow"]) == (204, "GET, HEAD" if path == "/status/x" else "POST")


@pytest.mark.parametrize(("number", "status"), [("5.0", 202), ("5e0", 202), ("5.5", 422), ('"5"', 422), ("5e300", 422)])
def test_an_integer_is_accepted_in_every_notation(harness: Harness, number: str, status: int) -> None:
    body = json.dumps({**GOOD, "parameters": {"max_tokens": 0}}).replace("0}", f"{number}}}")
    assert harness.call(analyze_event(body))[0] == status


def test_no_content_of_a_request_is_logged(
    harness: Harness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "canary-4711"
    logger = logging.getLogger("pipeline")
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    caplog.set_level(logging.INFO, "pipeline")
    for body in ({**GOOD, "input": {"text": secret}}, {**GOOD, "metadata": {secret: secret}}, {secret: secret}):
        harness.call(analyze_event(body, idempotency_key=secret))
    assert caplog.records
    for record in caplog.records:
        assert secret not in json.dumps(record.__dict__, default=str)


def jobs_event(**query: str) -> dict[str, Any]:
    return {**http_event("GET /jobs"), **({"queryStringParameters": query} if query else {})}


def cancel_event(job_id: str, **authorizer: Any) -> dict[str, Any]:
    path = f"/jobs/{job_id}/cancel"
    event = http_event("POST /jobs/{id}/cancel", path=path, parameters={"id": job_id})
    if authorizer:
        event["requestContext"]["authorizer"] = authorizer
    return event


def test_cancelling_a_queued_job_is_final_and_repeatable(harness: Harness) -> None:
    job_id = harness.submit()
    for _ in range(2):
        status, body, headers = harness.call(cancel_event(job_id))
        assert (status, body["status"], body["result"]) == (200, "cancelled", None)
        assert "retry-after" not in headers
    assert harness.status(job_id)[1]["finished_at"] == body["finished_at"]


def test_a_finished_job_cannot_be_cancelled(harness: Harness) -> None:
    job_id = harness.submit()
    harness.store.claim(UUID(job_id), 30)
    harness.store.succeed(UUID(job_id), 1, JobResult.of("k", b"{}"))
    status, body, _ = harness.call(cancel_event(job_id))
    assert (status, body["title"]) == (409, "Job has ended")
    assert harness.status(job_id)[1]["status"] == "succeeded"


def erase_event(job_id: str, **authorizer: Any) -> dict[str, Any]:
    event = http_event("DELETE /jobs/{id}", path=f"/jobs/{job_id}", parameters={"id": job_id})
    if authorizer:
        event["requestContext"]["authorizer"] = authorizer
    return event


def test_a_job_is_erased_once_it_has_ended(harness: Harness) -> None:
    job_id = harness.submit()
    status, body, headers = harness.call(erase_event(job_id))
    assert (status, body["title"], headers["content-type"]) == (409, "Job has not ended", "application/problem+json")
    assert body["detail"] == "The job is queued. Cancel it with POST /jobs/{id}/cancel, then erase it."
    harness.call(cancel_event(job_id))
    for _ in range(2):
        status, body, _ = harness.call(erase_event(job_id))
        assert (status, body["status"], body["metadata"]) == (200, "cancelled", {})
        assert body["erased_at"] == "2026-11-20T12:00:00.000Z"
    assert harness.status(job_id)[1] == body


def test_another_tenants_job_is_not_erased(harness: Harness) -> None:
    job_id = harness.submit()
    harness.call(cancel_event(job_id))
    assert harness.call(erase_event(job_id, iam={"userArn": "arn:aws:iam::111122223333:user/other"}))[0] == 404
    assert harness.call(erase_event("nope"))[0] == 404
    assert harness.status(job_id)[1]["erased_at"] is None


def test_another_tenants_job_is_neither_cancelled_nor_listed(harness: Harness) -> None:
    mine, other = {"jwt": {"claims": {"sub": "a"}}}, {"jwt": {"claims": {"sub": "b"}}}
    job_id = harness.submit(**mine)
    assert harness.call(cancel_event(job_id, **other))[0] == 404
    assert harness.call(cancel_event("nope"))[0] == 404
    assert harness.status(job_id, **mine)[1]["status"] == "queued"
    event = jobs_event()
    event["requestContext"]["authorizer"] = other
    assert harness.call(event)[1] == {"jobs": [], "next": None}


def test_jobs_are_listed_page_by_page(harness: Harness) -> None:
    ids = {harness.submit() for _ in range(3)}
    status, first, _ = harness.call(jobs_event(limit="2"))
    assert status == 200
    assert len(first["jobs"]) == 2
    assert first["jobs"][0].keys() == {
        *("id", "status", "analysis", "model", "created_at", "started_at", "finished_at"),
        *("attempts", "usage", "error", "metadata", "erased_at"),
    }
    _, second, _ = harness.call(jobs_event(limit="2", cursor=first["next"], status="queued"))
    assert second["next"] is None
    assert {job["id"] for job in first["jobs"] + second["jobs"]} == ids


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "done"),
        ("analysis", ""),
        ("created_from", "yesterday"),
        ("created_from", "1767225600"),
        ("created_from", "0.5"),
        ("created_from", "2026-11-20T00:00:00"),
        ("created_from", "0001-01-01T00:00:00+23:59"),
        ("created_before", "9999-12-31T23:59:59-23:59"),
        ("created_before", "2026-13-01T00:00:00Z"),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "many"),
        ("cursor", ""),
        ("cursor", "!"),
        ("cursor", "bnVsbA"),
        ("cursor", "WyJ4IiwgInkiXQ"),
        ("cursor", "é"),
        ("cursor", write_cursor(Cursor(datetime.fromisoformat("0001-01-01T00:00:00+23:59"), UUID(int=0)))),
        ("page", "2"),
    ],
)
def test_the_error_of_an_invalid_query_names_the_parameter(harness: Harness, name: str, value: str) -> None:
    status, body = harness.refused(jobs_event(**{name: value}))
    assert status == 422
    assert [error["pointer"] for error in body["errors"]] == [f"/query/{name}"]
