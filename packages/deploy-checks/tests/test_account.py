"""The checks of the AWS account, on recorded answers."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from deploy_checks.account import QUESTIONS, Account
from stack_graph.graph import Graph, Rehearsed

from tests.support.recorded_client import RecordedClient

ROOT = Path(__file__).parents[3]


def answers() -> dict[str, dict[str, Any]]:
    """Answers of a valid account."""
    profile = {"inferenceProfileId": "global.anthropic.claude-sonnet-5"}
    return {
        "sts": {"get_caller_identity": {"Account": "111122223333"}},
        "bedrock": {
            "list_inference_profiles": {"inferenceProfileSummaries": [profile]},
            "get_foundation_model_availability": {"authorizationStatus": "AUTHORIZED"},
        },
        "lambda": {"get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 1000}}},
        "service-quotas": {"list_service_quotas": {"Quotas": []}},
        "ec2": {
            "describe_vpc_endpoint_services": {
                "ServiceDetails": [{"ServiceName": "bedrock-runtime", "AvailabilityZones": ["us-east-1a"]}]
            }
        },
        "rds": {
            "describe_db_engine_versions": {"DBEngineVersions": [{"EngineVersion": "18.3"}]},
            "describe_orderable_db_instance_options": {"OrderableDBInstanceOptions": [{}]},
        },
        "secretsmanager": {"list_secrets": {"SecretList": []}},
        "ssm": {"get_parameter": {"Parameter": {"Value": '{"state": "sst-state"}'}}},
        "s3": {"list_objects_v2": {"KeyCount": 0}},
    }


def rehearsed() -> Rehearsed:
    def resource(kind: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return {"urn": kind, "id": kind, "type": kind, "name": kind, "parent": None, "inputs": inputs, "outputs": {}}

    arn = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/global.anthropic.claude-sonnet-5"
    resources = [
        resource("aws:iam/role:Role", {"inlinePolicies": [{"policy": json.dumps({"Resource": [arn]})}]}),
        resource("aws:lambda/function:Function", {"reservedConcurrentExecutions": 100}),
        resource("aws:rds/instance:Instance", {"engine": "postgres", "engineVersion": "18", "instanceClass": "db.t"}),
        resource("aws:secretsmanager/secret:Secret", {"name": "mine"}),
        resource("aws:ec2/subnet:Subnet", {"availabilityZone": "us-east-1a"}),
        resource(
            "aws:ec2/vpcEndpoint:VpcEndpoint",
            {
                "serviceName": "bedrock-runtime",
                "vpcEndpointType": "Interface",
                "subnetIds": ["aws:ec2/subnet:Subnet"],
            },
        ),
    ]
    return Rehearsed(ROOT, "staging", Graph({"app": "a", "stage": "staging", "resources": resources}), ())


PROBLEMS: dict[str, tuple[str, str, Any]] = {
    "account-differs": ("sts", "get_caller_identity", {"Account": "000000000000"}),
    "profile-missing": ("bedrock", "list_inference_profiles", {"inferenceProfileSummaries": []}),
    "model-access-missing": (
        "bedrock",
        "get_foundation_model_availability",
        {"authorizationStatus": "NOT_AUTHORIZED"},
    ),
    "lambda-quota-low": ("lambda", "get_account_settings", {"AccountLimit": {"ConcurrentExecutions": 10}}),
    "bedrock-quota-zero": (
        "service-quotas",
        "list_service_quotas",
        {"Quotas": [{"QuotaName": "Global model inference requests per minute for Claude Sonnet 5", "Value": 0.0}]},
    ),
    "endpoint-zone-missing": (
        "ec2",
        "describe_vpc_endpoint_services",
        {"ServiceDetails": [{"ServiceName": "bedrock-runtime", "AvailabilityZones": ["us-east-1b"]}]},
    ),
    "database-not-orderable": ("rds", "describe_db_engine_versions", {"DBEngineVersions": []}),
    "secret-pending-deletion": ("secretsmanager", "list_secrets", {"SecretList": [{"Name": "mine", "DeletedDate": 1}]}),
    "stage-locked": ("s3", "list_objects_v2", {"KeyCount": 1}),
}


@pytest.fixture(autouse=True)
def recipient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_ALARM_EMAIL", "alarms@example.com")


def account(table: dict[str, dict[str, Any]]) -> Account:
    return Account(lambda service: RecordedClient(table[service]))


def test_valid_account_has_no_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_AWS_ACCOUNT_ID", "111122223333")
    asked = account(answers())
    assert list(asked.findings(rehearsed())) == []
    assert asked.unchecked == {}


@pytest.mark.parametrize("rule", PROBLEMS)
def test_problem_of_the_account_is_reported(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_AWS_ACCOUNT_ID", "111122223333")
    table = answers()
    service, operation, answer = PROBLEMS[rule]
    table[service][operation] = answer
    assert [finding.id for finding in account(table).findings(rehearsed())] == [rule]


def test_a_deploy_without_a_recipient_of_alarms_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STAGING_ALARM_EMAIL")
    found = list(account(answers()).findings(rehearsed()))
    assert [(finding.id, finding.severity) for finding in found] == [("alarms-without-recipient", "high")]
    assert "STAGING_ALARM_EMAIL" in found[0].message


def test_denied_request_is_listed_as_unchecked() -> None:
    table = answers()
    denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListServiceQuotas")
    table["service-quotas"]["list_service_quotas"] = denied
    asked = account(table)
    assert list(asked.findings(rehearsed())) == []
    assert asked.unchecked == {"bedrock_quotas": "AccessDeniedException"}


@pytest.mark.parametrize(
    ("error", "rules"),
    [
        (ClientError({"Error": {"Code": "ExpiredToken"}}, "GetCallerIdentity"), ["credentials-refused"]),
        (EndpointConnectionError(endpoint_url="https://sts"), []),
    ],
)
def test_no_request_follows_without_an_identity(error: Exception, rules: list[str]) -> None:
    asked = account({"sts": {"get_caller_identity": error}})
    assert [finding.id for finding in asked.findings(rehearsed())] == rules
    assert asked.unchecked.keys() == QUESTIONS.keys()


def test_no_request_is_sent_without_credentials() -> None:
    asked = Account(lambda service: pytest.fail(f"{service} was asked"), credentials=False)
    assert list(asked.findings(rehearsed())) == []
    assert set(asked.unchecked.values()) == {"no AWS credentials"}
