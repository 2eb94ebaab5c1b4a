"""Authorization of every route, with every kind of credentials, on pipelines with tokens and with signatures.

The table has a row for each route of the wiring and of the API's description. A route without a row fails a test.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from local_stack.issuer import BAD, READ, SUBMIT, Issuer
from local_stack.signing import signed

from tests.e2e.conftest import Credentials, Pipeline, no_credentials, wired
from tests.support import authorization_wiring

pytestmark = pytest.mark.xdist_group("tokens")
TENANTS = ("tenant-ann", "tenant-bob")
ANN, BOB = TENANTS
BODY = json.dumps({"analysis": "summary", "input": {"text": "Rain is likely in the north."}}).encode()


@dataclass(frozen=True)
class Row:
    """A route: its request, the scope that it requires, and its answers to the owner of a job and to other tenants."""

    path: str
    scope: str
    owner: int
    other: int
    body: bytes | None = None


ROWS = {
    "POST /analyze": Row("/analyze", SUBMIT, 202, 202, BODY),
    "GET /status/{id}": Row("/status/{id}", READ, 200, 404),
    "GET /jobs": Row("/jobs", READ, 200, 200),
    "POST /jobs/{id}/cancel": Row("/jobs/{id}/cancel", SUBMIT, 409, 404),
    "DELETE /jobs/{id}": Row("/jobs/{id}", SUBMIT, 200, 404),
    "GET /openapi.json": Row("/openapi.json", READ, 200, 200),
    "$default": Row("/nowhere", READ, 404, 404),
}
OPEN = Row("/health", "", 200, 200)

NO_TOKEN = {"no header": None, "an empty header": "", "no token": "Bearer", "another scheme": "Basic YW5uOmFubg=="}


@pytest.fixture(scope="module")
def iam_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A pipeline with IAM authorization."""
    with wired(tmp_path_factory.mktemp("signatures"), authorization_wiring.iam_wiring()) as pipeline:
        yield pipeline


@pytest.fixture(scope="module")
def anns_job(jwt_pipeline: Pipeline, issuer: Issuer) -> str:
    """A job that has ended."""
    return _done(jwt_pipeline, lambda *_: bearer(issuer.token(ANN)))


def _done(pipeline: Pipeline, credentials: Credentials) -> str:
    pipeline.credentials = credentials
    job_id = pipeline.submit("summary", {"text": "The boiler on the second floor failed."})
    assert pipeline.finished(job_id)["status"] == "succeeded"
    pipeline.credentials = no_credentials
    return job_id


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def call(pipeline: Pipeline, key: str, job_id: str, headers: dict[str, str]) -> tuple[int, Any]:
    row = ROWS.get(key, OPEN)
    method = "GET" if key == "$default" else key.split()[0]
    given = {"content-type": "application/json", **headers}
    status, _, body = pipeline.request(method, row.path.format(id=job_id), row.body, given)
    return status, json.loads(body)


def answered_requests(pipeline: Pipeline) -> int:
    """The number of requests that a function has answered. Requests that the gateway refuses reach no function."""
    return pipeline.log().count('"message": "answered"')


def test_every_route_has_a_row(jwt_pipeline: Pipeline, issuer: Issuer) -> None:
    wired = {
        key
        for key in authorization_wiring.routes(authorization_wiring.jwt_wiring(issuer.url))
        if not key.startswith("OPTIONS ")
    }
    assert wired == {*ROWS, *authorization_wiring.PUBLIC_ROUTES}
    _, described = call(jwt_pipeline, "GET /openapi.json", "", bearer(issuer.token(ANN)))
    routes = {f"{method.upper()} {path}" for path, methods in described["paths"].items() for method in methods}
    assert routes == {*ROWS, "GET /health"} - {"$default"}


@pytest.mark.parametrize("key", ROWS)
@pytest.mark.parametrize("defect", NO_TOKEN)
def test_a_request_without_a_token_is_refused(jwt_pipeline: Pipeline, anns_job: str, key: str, defect: str) -> None:
    before, given = answered_requests(jwt_pipeline), NO_TOKEN[defect]
    headers = {} if given is None else {"authorization": given}
    assert call(jwt_pipeline, key, anns_job, headers) == (401, {"message": "Unauthorized"})
    assert answered_requests(jwt_pipeline) == before


@pytest.mark.parametrize("key", ROWS)
@pytest.mark.parametrize("defect", BAD)
def test_a_bad_token_is_refused(jwt_pipeline: Pipeline, issuer: Issuer, anns_job: str, key: str, defect: str) -> None:
    before = answered_requests(jwt_pipeline)
    for tenant in TENANTS:
        headers = bearer(issuer.bad_tokens(tenant)[defect])
        assert call(jwt_pipeline, key, anns_job, headers) == (401, {"message": "Unauthorized"})
    assert answered_requests(jwt_pipeline) == before


@pytest.mark.parametrize("key", ROWS)
def test_a_token_without_the_scope_is_forbidden(
    jwt_pipeline: Pipeline, issuer: Issuer, anns_job: str, key: str
) -> None:
    before, wrong = answered_requests(jwt_pipeline), SUBMIT if ROWS[key].scope == READ else READ
    for tenant in TENANTS:
        for scope in (wrong, "", f"{ROWS[key].scope}:more"):
            headers = bearer(issuer.token(tenant, scope=scope))
            assert call(jwt_pipeline, key, anns_job, headers) == (403, {"message": "Forbidden"})
    assert answered_requests(jwt_pipeline) == before


@pytest.mark.parametrize("key", ROWS)
def test_a_tenant_sees_only_its_own_jobs(jwt_pipeline: Pipeline, issuer: Issuer, anns_job: str, key: str) -> None:
    row = ROWS[key]
    owner = bearer(issuer.token(ANN, scope=row.scope))
    other = bearer(issuer.token(BOB, scope=row.scope))
    assert call(jwt_pipeline, key, anns_job, owner)[0] == row.owner
    status, body = call(jwt_pipeline, key, anns_job, other)
    assert status == row.other
    assert anns_job not in json.dumps(body)
    if row.other == 404 and row.owner != 404:
        nothing = "00000000-0000-4000-8000-000000000000"  # the response must not reveal whether the job exists
        assert call(jwt_pipeline, key, nothing, other) == (status, body)


def test_a_token_without_a_subject_is_forbidden(jwt_pipeline: Pipeline, issuer: Issuer, anns_job: str) -> None:
    token = issuer.token(ANN, without="sub")
    status, body = call(jwt_pipeline, "GET /status/{id}", anns_job, bearer(token))
    assert (status, body["title"]) == (403, "Unknown caller")


def test_tenants_with_the_same_key_get_different_jobs(jwt_pipeline: Pipeline, issuer: Issuer, anns_job: str) -> None:
    key = {"idempotency-key": "the-key-of-both-tenants"}
    ids = [
        call(jwt_pipeline, "POST /analyze", anns_job, {**bearer(issuer.token(tenant)), **key})[1]["id"]
        for tenant in (ANN, BOB, ANN)
    ]
    assert ids[0] == ids[2] != ids[1]


@pytest.mark.parametrize("authorization", [None, "", "Bearer abc", "Basic YW5uOmFubg=="])
def test_health_answers_every_caller(jwt_pipeline: Pipeline, anns_job: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    assert call(jwt_pipeline, "GET /health", anns_job, headers)[0] == 200


def sign(pipeline: Pipeline, route: str, job_id: str, **how: str) -> dict[str, str]:
    row = ROWS[route]
    method = "GET" if route == "$default" else route.split()[0]
    url = f"{pipeline.ready['api_url']}{row.path.format(id=job_id)}"
    return signed(method, url, row.body or b"", **how)


@pytest.fixture(scope="module")
def alices_job(iam_pipeline: Pipeline) -> str:
    """A job that has ended."""
    return _done(iam_pipeline, signed)


@pytest.mark.parametrize("key", ROWS)
def test_a_request_without_a_valid_signature_is_forbidden(iam_pipeline: Pipeline, alices_job: str, key: str) -> None:
    before = answered_requests(iam_pipeline)
    stale = datetime.now(UTC) - timedelta(minutes=6)
    with mock.patch("botocore.auth.get_current_datetime", return_value=stale):
        old = sign(iam_pipeline, key, alices_job)
    wrong = sign(iam_pipeline, key, alices_job, secret="guessed")
    elsewhere = sign(iam_pipeline, key, alices_job, region="eu-west-1")
    stolen = sign(iam_pipeline, "GET /openapi.json" if key == "$default" else "$default", alices_job)
    for headers in ({}, bearer("abc"), old, wrong, elsewhere, stolen):
        assert call(iam_pipeline, key, alices_job, headers) == (403, {"message": "Forbidden"})
    assert answered_requests(iam_pipeline) == before


@pytest.mark.parametrize("key", ROWS)
def test_a_user_sees_only_its_own_jobs(iam_pipeline: Pipeline, alices_job: str, key: str) -> None:
    row = ROWS[key]
    assert call(iam_pipeline, key, alices_job, sign(iam_pipeline, key, alices_job, key="alice"))[0] == row.owner
    status, body = call(iam_pipeline, key, alices_job, sign(iam_pipeline, key, alices_job, key="bob"))
    assert status == row.other
    assert alices_job not in json.dumps(body)


def test_health_requires_no_signature(iam_pipeline: Pipeline) -> None:
    assert iam_pipeline.get("/health")[0] == 200
