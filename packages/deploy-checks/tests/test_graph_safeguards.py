"""Rules for alarms, access logs, spending, models and the deploy role: each case takes one safeguard away."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_checks.checks import (
    graph_alarm_topics,
    graph_api_stages,
    graph_configuration,
    graph_deploy_role,
    graph_exposure,
    graph_models,
    graph_watched,
)
from deploy_checks.finding import Finding
from deploy_checks.rules import Rule
from stack_graph.graph import Graph, Rehearsed

from tests.support.graphs import ROOT, Recorded, findings, findings_of, recorded
from tests.support.rehearsed import resource

CHECKS = (
    *graph_alarm_topics.CHECKS,
    *graph_api_stages.CHECKS,
    *graph_configuration.CHECKS,
    *graph_deploy_role.CHECKS,
    *graph_exposure.CHECKS,
    *graph_models.CHECKS,
    *graph_watched.CHECKS,
)

API, TOPIC, MONITORING, MODELS = "infra/api.ts", "infra/alarm_topic.ts", "infra/monitoring.ts", "infra/models.ts"
WORKER, CONFIG = "infra/jobs/worker.ts", "project.config.ts"

type Change = Callable[[Recorded], object]


def key_policy(graph: Recorded, old: str, new: str) -> None:
    policy = graph["AlarmsKey"]["policy"]
    assert old in policy
    graph["AlarmsKey"]["policy"] = policy.replace(old, new)


def access_log(graph: Recorded, **fields: str) -> None:
    """Change fields of the access log's format. A field with an empty text is dropped."""
    settings = graph["ApiStage"]["accessLogSettings"]
    written = {**json.loads(settings["format"]), **fields}
    settings["format"] = json.dumps({name: value for name, value in written.items() if value})


def limits(graph: Recorded, **changes: Any) -> None:
    config = json.loads(graph["Config"]["insecureValue"])
    config["limits"].update(changes)
    graph["Config"]["insecureValue"] = json.dumps(config)


def denials(graph: Recorded, change: Callable[[list[dict[str, Any]]], object]) -> None:
    policy = json.loads(graph["UnlistedModels"]["policy"])
    change(policy["Statement"])
    graph["UnlistedModels"]["policy"] = json.dumps(policy)


def another_pattern(graph: Recorded, name: str, old: str, new: str) -> None:
    pattern = graph[name]["pattern"]
    assert old in pattern
    graph[name]["pattern"] = pattern.replace(old, new)


CASES: list[tuple[Change, Rule, str]] = [
    # The topic
    (lambda g: g["Alarms"].pop("kmsMasterKeyId"), "unencrypted-topic", TOPIC),
    (lambda g: g["Alarms"].update(kmsMasterKeyId="alias/aws/sns"), "topic-key-refuses-alarms", TOPIC),
    (lambda g: key_policy(g, "cloudwatch.amazonaws.com", "events.amazonaws.com"), "topic-key-refuses-alarms", TOPIC),
    (lambda g: key_policy(g, "kms:GenerateDataKey*", "kms:Encrypt"), "topic-key-refuses-alarms", TOPIC),
    (lambda g: key_policy(g, "pipeline-dev-*", "pipeline-staging-*"), "topic-key-refuses-alarms", TOPIC),
    # Alarms
    (lambda g: g.drop("DailySpend"), "unwatched", WORKER),
    (lambda g: g.drop("ModelThrottles"), "unwatched", WORKER),
    (lambda g: g.drop("ModelAccessDenials"), "unwatched", WORKER),
    (lambda g: g.drop("ModelAccessDenied"), "unwatched", WORKER),
    (lambda g: g.drop("ApiRefusals"), "unwatched", API),
    (lambda g: g.drop("DatabaseConnections"), "unwatched", "infra/database.ts"),
    (lambda g: g.drop("SpentPercent"), "alarm-on-nothing", MONITORING),
    (lambda g: another_pattern(g, "SpentPercent", "spent today", "money gone"), "alarm-on-nothing", MONITORING),
    (lambda g: another_pattern(g, "ModelThrottled", "ModelThrottled", "Throttled"), "alarm-on-nothing", MONITORING),
    (lambda g: another_pattern(g, "ApiRefused", "$.status", "$.code"), "alarm-on-nothing", MONITORING),
    # The API
    (lambda g: access_log(g, principal=""), "access-log-without-caller", API),
    (lambda g: access_log(g, subject=""), "access-log-without-caller", API),
    (lambda g: access_log(g, ip=""), "access-log-without-caller", API),
    (lambda g: access_log(g, path="$context.path"), "access-log-with-content", API),
    (lambda g: access_log(g, agent="$context.identity.userAgent"), "access-log-with-content", API),
    (lambda g: g["ApiStage"].pop("routeSettings"), "public-route-without-throttle", API),
    (
        lambda g: g["ApiStage"]["routeSettings"][0].update(throttlingRateLimit=1000),
        "public-route-without-throttle",
        API,
    ),
    (lambda g: g.resource("ApiStage").update(dependencies=[]), "route-settings-too-early", API),
    (lambda g: g["ApiStage"]["routeSettings"][0].update(routeKey="GET /up"), "route-settings-too-early", API),
    # Spending and models
    (lambda g: limits(g, daily_usd_per_tenant=None), "tenant-without-share", CONFIG),
    (lambda g: limits(g, daily_usd=None), "tenant-without-share", CONFIG),
    (lambda g: limits(g, daily_usd_per_tenant=10, daily_usd=10), "tenant-without-share", CONFIG),
    (lambda g: g["WorkerRole"]["managedPolicyArns"].clear(), "model-not-denied", WORKER),
    (lambda g: denials(g, lambda statements: statements.pop(0)), "model-not-denied", WORKER),
    (lambda g: denials(g, lambda statements: statements.pop(1)), "model-not-denied", WORKER),
    (
        lambda g: denials(g, lambda statements: statements[0].update(Action="bedrock:InvokeModel")),
        "model-not-denied",
        WORKER,
    ),
    (
        lambda g: denials(g, lambda statements: statements[0]["NotResource"].append("arn:aws:bedrock:*:*:*profile/*")),
        "model-not-denied",
        WORKER,
    ),
    (lambda g: denials(g, lambda statements: statements[0]["NotResource"].pop(0)), "role-lacks-action", MODELS),
    # The network
    (lambda g: g.drop("FlowLog"), "network-without-flow-log", "infra/network.ts"),
    (lambda g: g["FlowLog"].update(trafficType="REJECT"), "network-without-flow-log", "infra/network.ts"),
]


@pytest.mark.parametrize(("change", "rule", "file"), CASES)
def test_a_missing_safeguard_is_reported(change: Change, rule: Rule, file: str) -> None:
    graph = recorded()
    change(graph)
    found = findings_of(rule, CHECKS, graph)
    assert any(finding.file == file for finding in found), found


@pytest.mark.parametrize("stage", ["dev", "staging", "production"])
def test_recorded_graph_has_no_findings(stage: str) -> None:
    graph = recorded(stage)
    assert findings((check for check in CHECKS if check not in graph_deploy_role.CHECKS), graph) == []


def test_the_deploy_role_covers_the_recorded_stack() -> None:
    assert findings(graph_deploy_role.CHECKS, recorded()) == []


def test_alarms_need_a_subscriber_outside_of_development() -> None:
    staging = recorded("staging")
    staging.drop("AlarmsEmail")
    (found,) = findings_of("alarms-without-recipient", CHECKS, staging)
    assert (found.file, found.severity) == (TOPIC, "high")
    assert findings_of("alarms-without-recipient", CHECKS, recorded("dev")) == []


def test_an_alarm_of_connections_is_raised_below_the_instances_maximum() -> None:
    alarm = recorded()["DatabaseConnections"]
    assert alarm["threshold"] == 64  # 80 % of what a t4g.micro accepts


def with_policies(root: Path, change: Callable[[str], str]) -> Path:
    """A repository with a copy of the deploy role's policies, each of them changed."""
    for file in graph_deploy_role.policies(ROOT):
        copy = root / graph_deploy_role.FOLDER / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    return root


def of_deploy_role(root: Path, graph: Recorded) -> list[tuple[str, str]]:
    rehearsed = Rehearsed(root, "dev", Graph(graph.data), ())
    found = [verdict for check in graph_deploy_role.CHECKS for verdict in check(rehearsed)]
    return [(verdict.id, verdict.message) for verdict in found if isinstance(verdict, Finding)]


@pytest.mark.parametrize(
    ("kind", "arn"),
    [
        ("ec2/instance:Instance", ""),
        ("ec2/keyPair:KeyPair", ""),
        ("ec2/natGateway:NatGateway", ""),
        ("iam/instanceProfile:InstanceProfile", "arn:aws:iam::111122223333:instance-profile/VpcNatInstanceProfile-1"),
        ("rds/proxy:Proxy", ""),
        ("ssm/parameter:Parameter", "arn:aws:ssm:us-east-1:111122223333:parameter/sst/vpc/vpc-1/private-key-value"),
    ],
)
def test_the_deploy_role_covers_the_options_of_the_network_and_the_database(kind: str, arn: str) -> None:
    graph = recorded()
    graph.data["resources"].append(resource(f"aws:{kind}", "Thing", **({"arn": arn} if arn else {})))
    assert of_deploy_role(ROOT, graph) == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "named"),
    [
        ('"sqs:CreateQueue",', "", "deploy-role-lacks-action", "sqs:CreateQueue"),
        ('"ec2:CreateFlowLogs",', "", "deploy-role-lacks-action", "ec2:CreateFlowLogs"),
        ("bedrock-pipeline-STAGE-*", "other-STAGE-*", "deploy-role-lacks-action", "sns:CreateTopic"),
        ('"sqs:CreateQueue"', '"sqs:MakeQueue"', "deploy-role-policy-refused", "sqs:MakeQueue"),
        ('"Version"', '"Version', "deploy-role-policy-refused", "JSON"),
        ('"Sid": "', f'"Sid": "{"x" * 400}', "deploy-role-policy-refused", "6144"),
    ],
)
def test_a_deploy_role_that_cannot_deploy_is_reported(
    old: str, new: str, rule: Rule, named: str, tmp_path: Path
) -> None:
    found = of_deploy_role(with_policies(tmp_path, lambda text: text.replace(old, new)), recorded())
    assert any(rule == of and named in message for of, message in found), found


def test_a_type_whose_actions_are_unknown_is_not_checked() -> None:
    graph = recorded()
    graph.data["resources"].append(resource("aws:mystery/thing:Thing", "Thing"))
    rehearsed = Rehearsed(ROOT, "dev", Graph(graph.data), ())
    assert list(map(str, graph_deploy_role.deploy_role_covers_the_stack(rehearsed))) == [
        "NOT CHECKED: that the role of infra/deploy-role may deploy aws:mystery/thing:Thing (AWS lists no actions)"
    ]
