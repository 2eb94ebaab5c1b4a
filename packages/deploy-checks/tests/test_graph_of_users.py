"""Errors in additions of users to the stack: each case changes the recorded graph, and AWS's answer is known."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from deploy_checks.checks import (
    graph_alarm_topics,
    graph_api_stages,
    graph_callers,
    graph_database_parameters,
    graph_keys,
    graph_names,
    graph_periods,
    graph_refused,
    graph_routes,
)
from deploy_checks.rules import Rule

from tests.support.graphs import Recorded, findings, findings_of, recorded

CHECKS = [
    check
    for module in (
        graph_keys,
        graph_names,
        graph_periods,
        graph_database_parameters,
        graph_alarm_topics,
        graph_refused,
        graph_callers,
    )
    for check in module.CHECKS
]
UNRESOLVED = "https://example.com/?queue=Calling [toString] on an [Output<T>] is not supported.\n\nTo get the value"
KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-4333-8444-555555555555"

type Change = Callable[[Recorded], object]


def add(graph: Recorded, kind: str, called: str, /, **inputs: object) -> dict[str, Any]:
    """A resource of a user, beside the others."""
    graph.add("JobsQueue", called)
    resource = graph.resource(called)
    resource.update(type=kind, inputs=inputs, outputs={})
    return resource


def own_key(graph: Recorded) -> None:
    add(graph, "aws:kms/key:Key", "OwnKey")["outputs"] = {"arn": KEY, "keyId": KEY.rpartition("/")[2]}


def queue_with_key(graph: Recorded) -> None:
    own_key(graph)
    graph["JobsQueue"]["kmsMasterKeyId"] = KEY


def bucket_with_key(graph: Recorded) -> None:
    own_key(graph)
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}
    graph["ResultsEncryption"]["rules"] = [{"applyServerSideEncryptionByDefault": default}]


def may_use_the_key(graph: Recorded) -> None:
    """The fix of ``key-not-granted``, on every role."""
    grant = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": [KEY]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    for name in [one["name"] for one in graph.data["resources"] if one["type"] == "aws:iam/role:Role"]:
        graph[name].setdefault("inlinePolicies", []).append({"name": "key", "policy": policy})


def notified(graph: Recorded, key: str) -> None:
    queue = add(graph, "aws:sqs/queue:Queue", "Uploads", name="uploads", kmsMasterKeyId=key)
    queue["outputs"] = {"arn": "arn:aws:sqs:us-east-1:111122223333:uploads"}
    kind = "aws:s3/bucketNotification:BucketNotification"
    add(graph, kind, "OnUpload", bucket="b", queues=[{"queueArn": queue["outputs"]["arn"]}])


def windows(backup: str, maintenance: str) -> Change:
    return lambda graph: graph["DatabaseInstance"].update(backupWindow=backup, maintenanceWindow=maintenance)


def parameter(name: str, method: str | None) -> Change:
    given = {"name": name, "value": "x", "applyMethod": method}
    return lambda graph: graph["DatabaseParameterGroup"]["parameters"].append(given)


def moved(days: int) -> Change:
    rule = {"id": "cold", "status": "Enabled", "transitions": [{"storageClass": "STANDARD_IA", "days": days}]}
    return lambda graph: graph["ResultsLifecycle"]["rules"].append(rule)


def described(text: str) -> Change:
    return lambda graph: graph["FunctionSecurityGroup"].update(description=text)


def tagged(name: str, value: str) -> Change:
    return lambda graph: graph[name].update(tagsAll={"team": value})


def twin(name: str, other: str, of: str) -> Change:
    """A copy with one value of the original."""

    def change(graph: Recorded) -> None:
        graph.add(name, other)
        graph[other][of] = graph[name][of]

    return change


def principal(name: str) -> Change:
    return lambda graph: graph["ApiRouteStatusPermissions"].update(principal=name)


def variable(value: str) -> Change:
    return lambda graph: graph["WorkerFunction"]["environment"]["variables"].update(DASHBOARD_URL=value)


ERRORS: list[tuple[Change, Rule]] = [
    (variable(UNRESOLVED), "output-in-text"),
    (lambda g: g["JobsQueue"].update(tags={"see": UNRESOLVED}), "output-in-text"),
    (queue_with_key, "key-not-granted"),
    (bucket_with_key, "key-not-granted"),
    (lambda g: notified(g, "alias/aws/sqs"), "destination-key-refuses"),
    (lambda g: g["Alarms"].update(kmsMasterKeyId="alias/aws/sns"), "topic-key-refuses-alarms"),
    (parameter("shared_preload_libraries", None), "static-parameter-immediate"),
    (parameter("max_connections", "immediate"), "static-parameter-immediate"),
    (described("the team's functions"), "value-refused"),
    (tagged("AlarmsKey", "R&D"), "tag-refused"),
    (tagged("DatabaseInstance", "R&D"), "tag-refused"),
    (windows("03:00-04:00", "sun:03:30-sun:04:30"), "windows-overlap"),
    (windows("23:30-00:30", "mon:00:00-mon:01:00"), "windows-overlap"),
    (lambda g: g["QueueAge"].update(period=300, evaluationPeriods=300), "alarm-looks-too-far"),
    (lambda g: g["QueueAge"].update(period=86_400, evaluationPeriods=8), "alarm-looks-too-far"),
    (moved(10), "transition-too-early"),
    (principal("s3.amazonaws.com"), "permission-for-another-service"),
    (twin("JobsQueue", "MoreJobs", "name"), "name-taken-twice"),
    (twin("Config", "ConfigAgain", "name"), "name-taken-twice"),
]


@pytest.mark.parametrize(("change", "rule"), ERRORS)
def test_an_error_is_found(change: Change, rule: Rule) -> None:
    graph = recorded()
    assert findings_of(rule, CHECKS, graph) == []
    change(graph)
    found = findings_of(rule, CHECKS, graph)
    assert found
    assert {finding.severity for finding in found} <= {"critical", "high"}


def both(*changes: Change) -> Change:
    def change(graph: Recorded) -> None:
        for one in changes:
            one(graph)

    return change


@pytest.mark.parametrize(
    "change",
    [
        both(queue_with_key, may_use_the_key),
        both(bucket_with_key, may_use_the_key),
        lambda graph: notified(graph, ""),
        parameter("shared_preload_libraries", "pending-reboot"),
        parameter("work_mem", "immediate"),
        described("functions of the team [a-z]"),
        tagged("AlarmsKey", "R and D: 1+1=2 @home"),
        tagged("JobsQueue", "R&D"),
        windows("03:00-04:00", "sun:04:00-sun:05:00"),
        lambda graph: graph["QueueAge"].update(period=3_600, evaluationPeriods=168),
        moved(30),
        variable("https://example.com/?queue=jobs"),
        lambda graph: add(graph, "aws:sqs/queue:Queue", "Generated"),
    ],
)
def test_what_aws_accepts_is_not_reported(change: Change) -> None:
    graph = recorded()
    change(graph)
    assert [finding for finding in findings(CHECKS, graph) if finding.severity != "low"] == []


def test_a_second_api_is_not_held_to_the_routes_of_the_product() -> None:
    graph = recorded("staging")
    add(graph, "aws:apigatewayv2/api:Api", "OtherApi", protocolType="HTTP")["id"] = "other"
    add(graph, "aws:apigatewayv2/stage:Stage", "OtherStage", apiId="other", name="$default", autoDeploy=True)
    kind, integration = "aws:apigatewayv2/integration:Integration", {"integrationType": "HTTP_PROXY"}
    add(graph, kind, "OtherIntegration", apiId="other", **integration)["id"] = "elsewhere"
    add(
        graph,
        "aws:apigatewayv2/route:Route",
        "OtherRoute",
        apiId="other",
        routeKey="GET /",
        target="integrations/elsewhere",
    )
    checks = (*graph_routes.CHECKS, *graph_api_stages.CHECKS)
    found = findings(checks, graph)
    assert {(finding.id, finding.severity) for finding in found} == {
        ("api-without-throttle", "low"),
        ("api-without-access-log", "low"),
    }
