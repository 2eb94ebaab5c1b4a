"""The tenant of a request: one for each user, client and role, whatever its session."""

from http import HTTPStatus
from typing import Any

import pytest
from pipeline.platform.http import HttpProblem
from pipeline.tenancy.caller import ANONYMOUS, tenant_of

from tests.support.events import http_event

STS = "arn:aws:sts::111122223333:assumed-role"
IAM = "arn:aws:iam::111122223333"


def tenant(**authorizer: Any) -> str:
    return tenant_of(http_event("GET /jobs", authorizer=authorizer), "jwt")


def claims(**claims: str) -> dict[str, Any]:
    return {"claims": claims, "scopes": None}


def test_each_caller_is_one_tenant() -> None:
    callers = [
        {"jwt": claims(sub="user-1")},
        {"jwt": claims(sub="user-2")},
        {"jwt": claims(client_id="client-1")},
        {"jwt": claims(client_id="client-2")},
        {"iam": {"userArn": f"{STS}/Analyst/session"}},
        {"iam": {"userArn": f"{STS}/Batch/session"}},
        {"iam": {"userArn": "arn:aws:sts::444455556666:assumed-role/Batch/session"}},
        {"iam": {"userArn": f"{IAM}:user/team/ann"}},
        {"iam": {"userArn": f"{IAM}:user/team/bob"}},
    ]
    tenants = [tenant(**caller) for caller in callers]
    assert len({*tenants, ANONYMOUS}) == len(callers) + 1


def test_every_session_of_a_role_is_one_tenant() -> None:
    sessions = {tenant(iam={"userArn": f"{STS}/Batch/{session}"}) for session in ("one", "two", "three")}
    assert sessions == {f"{STS}/Batch"}


def test_a_token_of_a_machine_is_named_by_its_client_and_one_of_a_user_by_its_subject() -> None:
    assert tenant(jwt=claims(client_id="machine")) == "machine"
    assert tenant(jwt=claims(sub="user", client_id="app")) == "user"


@pytest.mark.parametrize(
    "authorizer",
    [
        {"jwt": {"claims": {"scope": "read"}}},
        {"jwt": {"claims": {"sub": ""}}},
        {"jwt": {"claims": None}},
        {"jwt": None},
        {"iam": {"userArn": ""}},
        {"iam": None},
        {"lambda": {"role": "none"}},
    ],
)
def test_an_authenticated_caller_without_an_identifier_is_refused(authorizer: dict[str, Any]) -> None:
    with pytest.raises(HttpProblem) as refused:
        tenant(**authorizer)
    assert refused.value.status is HTTPStatus.FORBIDDEN


def test_a_stage_without_an_authorizer_has_one_tenant() -> None:
    assert tenant_of(http_event("GET /jobs"), "open") == "anonymous"
