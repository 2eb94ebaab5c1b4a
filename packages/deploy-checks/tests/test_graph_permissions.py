"""Rules for roles and models: each case changes one property of a recorded graph."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_checks.checks import files_models, graph_models, graph_permissions, graph_policies
from deploy_checks.rules import Rule
from stack_graph.graph import Graph, Rehearsed
from stack_graph.handler_calls import calls_of

from tests.support.graphs import ROOT, Recorded, findings, findings_of, recorded

CHECKS = (*graph_permissions.CHECKS, *graph_policies.CHECKS, *graph_models.CHECKS)

WORKER, API, SWEEPER, MODEL = "infra/jobs/worker.ts", "infra/jobs/api.ts", "infra/jobs/sweeper.ts", "infra/models.ts"


def policy(graph: Recorded, role: str, change: Callable[[list[dict[str, Any]]], Any]) -> None:
    """Change the statements of a role's own policy."""
    inline = graph[role]["inlinePolicies"][0]
    written = json.loads(inline["policy"])
    change(written["Statement"])
    inline["policy"] = json.dumps(written)


def without(action: str) -> Callable[[list[dict[str, Any]]], Any]:
    def change(statements: list[dict[str, Any]]) -> None:
        for statement in statements:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            statement["Action"] = [other for other in actions if other != action] or "sts:GetCallerIdentity"

    return change


def instead(old: str, new: str) -> Callable[[list[dict[str, Any]]], Any]:
    """Replace a text everywhere in the statements."""

    def change(statements: list[dict[str, Any]]) -> None:
        statements[:] = json.loads(json.dumps(statements).replace(old, new))

    return change


@pytest.mark.parametrize(
    ("handler", "operations"),
    [
        ("jobs/handlers/api", {"GetObject", "GetSecretValue", "GetQueueAttributes", "SendMessage", "GetParameters"}),
        (
            "jobs/handlers/worker",
            {
                "Converse",
                "PutObject",
                "GetObject",
                "GetSecretValue",
                "ChangeMessageVisibility",
                "SendMessage",
                "GetParameters",
            },
        ),
        (
            "jobs/handlers/sweeper",
            {
                "GetSecretValue",
                "SendMessage",
                "GetQueueAttributes",
                "GetParameters",
                "ListObjectVersions",
                "DeleteObjects",
            },
        ),
        ("platform/handlers/migrator", {"GetSecretValue"}),
    ],
)
def test_requests_of_a_handler_are_those_its_code_reaches(handler: str, operations: set[str]) -> None:
    assert {call.operation for call in calls_of(ROOT, f"pipeline/{handler}.handler")} == operations


@pytest.mark.parametrize(
    ("role", "change", "rule", "file", "text"),
    [
        ("ApiHandlerRole", without("sqs:SendMessage"), "role-lacks-action", API, "sqs:SendMessage"),
        ("ApiHandlerRole", without("sqs:GetQueueAttributes"), "role-lacks-action", API, "sqs:GetQueueAttributes"),
        ("ApiHandlerRole", without("ssm:GetParameters"), "role-lacks-action", API, "ssm:GetParameters"),
        ("ApiHandlerRole", without("s3:GetObject"), "role-lacks-action", API, "s3:GetObject"),
        ("ApiHandlerRole", instead("/results/*", "/other/*"), "role-lacks-action", API, "s3:GetObject"),
        ("ApiHandlerRole", instead("/business-rules", "/rules"), "role-lacks-action", API, "business-rules"),
        ("ApiHandlerRole", instead("JobsQueue-", "JobsDeadLetterQueue-"), "role-lacks-action", API, "JobsQueue"),
        ("MigratorRole", without("secretsmanager:GetSecretValue"), "role-lacks-action", "infra/migration.ts", "Secret"),
        ("SweeperRole", without("sqs:SendMessage"), "role-lacks-action", SWEEPER, "sqs:SendMessage"),
        ("WorkerRole", without("s3:PutObject"), "role-lacks-action", WORKER, "s3:PutObject"),
        ("WorkerRole", without("sqs:ChangeMessageVisibility"), "role-lacks-action", WORKER, "Visibility"),
        ("WorkerRole", without("bedrock:InvokeModel"), "role-lacks-action", WORKER, "bedrock:InvokeModel"),
        ("WorkerRole", instead("bedrock:InvokeModel", "bedrock:Converse"), "role-lacks-action", MODEL, "Inv"),
        ("WorkerRole", instead("bedrock:InvokeModel", "bedrock:Converse"), "unknown-action", WORKER, "Conv"),
        ("WorkerRole", instead("bedrock:Inv", "bedrock-runtime:Inv"), "unknown-action", WORKER, "runtime"),
        ("WorkerRole", instead("us-west-2::", "us-west-1::"), "role-lacks-action", MODEL, "us-west-2::"),
        ("WorkerRole", instead("bedrock:::", "bedrock:us-east-1::"), "role-lacks-action", MODEL, "bedrock:::"),
        (
            "WorkerRole",
            instead("inference-profile/", "foundation-model/"),
            "role-lacks-action",
            MODEL,
            "inference-profile/",
        ),
        ("WorkerRole", instead("ProfileArn", "OtherArn"), "role-lacks-action", MODEL, "foundation-model/"),
        ("WorkerRole", without("sqs:ReceiveMessage"), "execution-role-lacks-action", WORKER, "ReceiveMessage"),
        ("WorkerRole", without("sqs:DeleteMessage"), "execution-role-lacks-action", WORKER, "DeleteMessage"),
        ("SweeperRole", without("xray:PutTraceSegments"), "execution-role-lacks-action", SWEEPER, "XRAY"),
        ("SweeperRole", instead("sqs:SendMessage", "sqs:SendMesage"), "unknown-action", SWEEPER, "sqs:SendMesage"),
        ("SweeperRole", instead("aws:sqs:", "aws:sns:"), "grant-of-nothing", SWEEPER, "sqs:SendMessage"),
        ("SweeperRole", instead("sqs:SendMessage", "sqs:*"), "wildcard-action", SWEEPER, "sqs:*"),
        (
            "WorkerRole",
            lambda statements: statements.append({"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}),
            "wildcard-resource",
            WORKER,
            "s3:PutObject on *",
        ),
        (
            "WorkerRole",
            lambda statements: statements.append({"Effect": "Deny", "Action": "bedrock:*", "Resource": "*"}),
            "role-lacks-action",
            MODEL,
            "bedrock:InvokeModel",
        ),
        ("SweeperRole", without("sqs:GetQueueAttributes"), "role-lacks-action", SWEEPER, "sqs:GetQueueAttributes"),
        ("WorkerRole", without("ssm:GetParameters"), "role-lacks-action", WORKER, "ssm:GetParameters"),
        ("WorkerRole", instead("/results/*", "/answers/*"), "role-lacks-action", WORKER, "s3:PutObject"),
        (
            "ApiHandlerRole",
            instead("secretsmanager:us-east-1", "secretsmanager:eu-west-1"),
            "role-lacks-action",
            "infra/function.ts",
            "Secret",
        ),
        (
            "ApiHandlerRole",
            lambda statements: statements.append({"Effect": "Allow", "Action": "*", "Resource": "*"}),
            "wildcard-action",
            API,
            "*",
        ),
        (
            "ApiHandlerRole",
            lambda statements: statements.append(
                {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "arn:aws:sqs:us-east-1:111122223333:jobs"}
            ),
            "grant-of-nothing",
            API,
            "ssm:GetParameter",
        ),
    ],
)
def test_changed_policy_is_reported(
    role: str, change: Callable[[list[dict[str, Any]]], Any], rule: Rule, file: str, text: str
) -> None:
    graph = recorded()
    policy(graph, role, change)
    found = findings_of(rule, CHECKS, graph)
    assert any(finding.file == file and text in finding.message for finding in found), found


def test_role_without_managed_policies_cannot_log_or_attach() -> None:
    graph = recorded()
    graph["SweeperRole"]["managedPolicyArns"] = []
    assert {f.id for f in findings(CHECKS, graph)} == {"role-cannot-log", "execution-role-lacks-action"}


def test_managed_policy_with_full_access_is_a_wildcard() -> None:
    graph = recorded()
    graph["SweeperRole"]["managedPolicyArns"].append("arn:aws:iam::aws:policy/AmazonSQSFullAccess")
    assert {f.id for f in findings(CHECKS, graph)} == {"wildcard-action"}


def test_account_that_may_assume_a_role_is_reported() -> None:
    graph = recorded()
    graph["SweeperRole"]["assumeRolePolicy"]["Statement"][0]["Principal"]["AWS"] = "arn:aws:iam::111122223333:root"
    assert {f.id for f in findings(CHECKS, graph)} == {"wide-trust"}


def calls_another_service(root: Path, *handlers: str) -> list[tuple[str, str, str]]:
    """Rule, file and message of each finding in a tree whose only handlers call DynamoDB."""
    code = root / "functions" / "pipeline" / "jobs" / "handlers"
    code.mkdir(parents=True)
    for handler in handlers:
        (code / f"{handler}.py").write_text(
            "import boto3\n\n\ndef handler(event, context):\n    boto3.client('dynamodb').put_item(TableName='t')\n"
        )
    rehearsed = Rehearsed(root, "dev", Graph(recorded().data), ())
    return [(f.id, f.file, f.message) for f in graph_permissions.code_is_allowed(rehearsed)]


def test_request_to_another_service_needs_a_permission(tmp_path: Path) -> None:
    [(rule, file, message)] = calls_another_service(tmp_path, "sweeper")
    assert (rule, file) == ("role-lacks-action", SWEEPER)
    assert "dynamodb:PutItem" in message


def test_permission_that_several_functions_lack_is_reported_at_their_shared_file(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "infra", tmp_path / "infra")
    found = calls_another_service(tmp_path, "api", "worker", "sweeper")
    assert [(rule, file) for rule, file, _ in found] == [("role-lacks-action", "infra/function.ts")] * 3


@pytest.mark.parametrize("name", ["JobsTlsOnly", "ResultsPolicy"])
def test_unreadable_policy_is_reported(name: str) -> None:
    graph = recorded()
    graph[name]["policy"] = "{Version: 2012}"
    assert {f.id for f in findings(CHECKS, graph)} == {"malformed-policy"}


@pytest.mark.parametrize("name", ["WorkerRole", "UnlistedModels"])
def test_a_policy_that_iam_does_not_take_is_reported(name: str) -> None:
    graph = recorded()
    policies = graph[name]["inlinePolicies"] if name == "WorkerRole" else [graph[name]]
    written = json.loads(policies[0]["policy"])
    written["Statement"][0]["Sid"] = "x" * 8_000
    policies[0]["policy"] = json.dumps(written)
    assert [found.id for found in findings(graph_policies.CHECKS, graph)] == ["policy-too-long"]


def test_role_that_lambda_may_not_assume_is_reported() -> None:
    graph = recorded()
    graph["SweeperRole"]["assumeRolePolicy"]["Statement"][0]["Principal"]["Service"] = "ec2.amazonaws.com"
    assert {f.id for f in findings(CHECKS, graph)} == {"role-not-for-lambda"}


def test_variable_without_a_resource_is_reported() -> None:
    graph = recorded()
    graph["SweeperFunction"]["environment"]["variables"]["SQS_QUEUE_URL"] = "https://sqs.eu-west-1.amazonaws.com/1/q"
    assert {(f.id, f.file) for f in findings(CHECKS, graph)} == {("call-without-target", SWEEPER)}


def dead_letters_as_target(graph: Recorded) -> None:
    graph["ApiHandlerFunction"]["environment"]["variables"]["SQS_QUEUE_URL"] = graph["JobsDeadLetterQueue"]["url"]


def bucket_named_after_the_queue(graph: Recorded) -> None:
    of = graph["WorkerFunction"]["environment"]["variables"]
    of["S3_BUCKET_NAME"] = of["SQS_QUEUE_URL"]


def no_bucket(graph: Recorded) -> None:
    graph["WorkerFunction"]["environment"]["variables"].pop("S3_BUCKET_NAME")


def secret_is_the_database(graph: Recorded) -> None:
    arn = graph["DatabaseInstance"]["arn"]
    graph["ApiHandlerFunction"]["environment"]["variables"]["DB_PASSWORD_SECRET_ARN"] = arn


@pytest.mark.parametrize(
    ("change", "rule", "file"),
    [
        (dead_letters_as_target, "role-lacks-action", API),
        (bucket_named_after_the_queue, "call-without-target", "infra/jobs/environment.ts"),
        (no_bucket, "call-without-target", WORKER),
        (secret_is_the_database, "call-without-target", "infra/function.ts"),
        (
            lambda g: g["WorkerJobs"].update(eventSourceArn=g["JobsDeadLetterQueue"]["arn"]),
            "execution-role-lacks-action",
            WORKER,
        ),
        (
            lambda g: g["WorkerRole"]["managedPolicyArns"].append("arn:aws:iam::aws:policy/AdministratorAccess"),
            "wildcard-action",
            WORKER,
        ),
    ],
)
def test_changed_target_is_reported(change: Callable[[Recorded], object], rule: Rule, file: str) -> None:
    graph = recorded()
    change(graph)
    found = findings_of(rule, CHECKS, graph)
    assert any(finding.file == file for finding in found), found


@pytest.mark.parametrize(
    ("region", "change", "rule"),
    [
        ("us-east-1", {"llm": {"model": "us.anthropic.claude-9"}}, "model-unlisted"),
        ("us-east-1", {"llm": {"model": "us.anthropic.claude-3-haiku-20240307-v1:0"}}, "model-ended"),
        ("us-east-1", {"aliases": {"cheap": "us.amazon.nova-nano"}}, "model-unlisted"),
        ("eu-west-1", {"llm": {"model": "us.amazon.nova-lite-v1:0"}}, "profile-of-another-region"),
        ("us-east-1", {"llm": {"guardrail": {"identifier": "abc123", "version": "1"}}}, "role-lacks-action"),
        ("us-east-1", {"aliases": {"best": "anthropic.no-such-model"}}, "model-unlisted"),
    ],
)
def test_model_that_cannot_be_called_is_reported(region: str, change: dict[str, Any], rule: Rule) -> None:
    graph = recorded()
    graph.data["region"] = region
    graph["Config"]["insecureValue"] = json.dumps(change)
    assert rule in {f.id for f in findings((*graph_models.CHECKS, *files_models.CHECKS), graph)}


def test_model_without_an_inference_profile_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    model = "anthropic.claude-new-v1:0"
    arn = f"arn:aws:bedrock:us-east-1::foundation-model/{model}"
    listed = graph_models.Listed({model: {"id": model, "policy_arns": [arn]}}, model, frozenset(), "")
    monkeypatch.setattr(graph_models.Listed, "of", lambda _: listed)
    [found] = findings([graph_models.profiles_fit_the_region], recorded())
    assert (found.id, found.file) == ("model-without-profile", "project.config.ts")


def test_recorded_graph_has_no_findings() -> None:
    assert findings(CHECKS, recorded()) == []
    assert findings(CHECKS, recorded("staging")) == []
