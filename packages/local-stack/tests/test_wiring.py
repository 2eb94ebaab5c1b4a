"""The wiring file: its references resolved, its mistakes named."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import small_stack
from local_stack import resources as r
from local_stack.connections import connect
from local_stack.errors import UsageError
from local_stack.wiring import Surroundings, Wiring, load, resolve

HERE = Surroundings("http://127.0.0.1:4566", "/run/socket")


def resolved(content: dict[str, Any], tmp_path: Path) -> Wiring:
    path = tmp_path / "wiring.json"
    path.write_text(json.dumps(content))
    return resolve(load(path), HERE)


def test_references_take_the_values_of_a_deployed_stack(tmp_path: Path) -> None:
    references = [
        "${Jobs.url}",
        "${Jobs.arn}",
        "${Jobs.name}",
        "${Bucket.bucket}",
        "${Bucket.arn}",
        "${Parameter.name}",
        "${Parameter.arn}",
        "${Secret.name}",
        "${Database.address}",
        "${Database.port}",
        "${Database.dbName}",
        "${Database.username}",
        "${Worker.name}",
        "${Worker.arn}",
        "a ${Jobs.name} and ${Dead.name}",
    ]
    variables = {f"V{index}": reference for index, reference in enumerate(references)}
    wiring = resolved(
        small_stack.wiring(
            tmp_path,
            Reader=small_stack.function("reader", "api", environment={"variables": variables}),
            Secret=small_stack.resource("aws:secretsmanager/secret:Secret", name="s"),
            Database=small_stack.resource("aws:rds/instance:Instance", engine="postgres", dbName="d", username="u"),
        ),
        tmp_path,
    )
    reader = wiring.of_type(r.Function)["Reader"]
    assert list(reader.environment.variables.values()) == [
        "http://127.0.0.1:4566/111122223333/jobs",
        "arn:aws:sqs:eu-west-1:111122223333:jobs",
        "jobs",
        "the-bucket",
        "arn:aws:s3:::the-bucket",
        "/the/parameter",
        "arn:aws:ssm:eu-west-1:111122223333:parameter/the/parameter",
        "s",
        "/run/socket",
        "5432",
        "d",
        "u",
        "the-worker",
        "arn:aws:lambda:eu-west-1:111122223333:function:the-worker",
        "a jobs and dead",
    ]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("Topic", {"type": "aws:sns/topic:Topic"}, "Topic: the local stack does not know the resource type"),
        ("Jobs", {"inputs": {"fifoQueue": True}}, "Jobs (aws:sqs/queue:Queue): the property fifoQueue is not"),
        ("Jobs", {"inputs": {"visibilityTimeoutSeconds": 50000}}, "Jobs (aws:sqs/queue:Queue): visibilityTimeout"),
        ("Mapping", {"inputs": {"functionName": "${Unknown.arn}"}}, "Mapping: the reference ${Unknown.arn} names no"),
        ("Mapping", {"inputs": {"functionName": "${Worker.url}"}}, "Mapping: the reference ${Worker.url} is unknown"),
        ("Mapping", {"inputs": {"functionName": "unknown"}}, "Mapping: 'unknown' is no function of this file"),
        ("Mapping", {"inputs": {"eventSourceArn": "x"}}, "Mapping: 'x' is no queue of this file"),
        ("Mapping", {"inputs": {"batchSize": 11}}, "batchSize above 10 needs maximumBatchingWindowInSeconds"),
        ("Mapping", {"inputs": {"filterCriteria": {}}}, "the property filterCriteria is not interpreted"),
        ("Jobs", {"inputs": {"redrivePolicy": {"deadLetterTargetArn": "x", "maxReceiveCount": 1}}}, "Jobs: 'x' is no"),
        ("Integration", {"inputs": {"payloadFormatVersion": "1.0"}}, "Integration"),
        ("RouteItem", {"inputs": {"routeKey": "FETCH /x"}}, "RouteItem: 'FETCH /x' is not a route key"),
        ("RouteItem", {"inputs": {"target": "integrations/none"}}, "RouteItem: the target integrations/none is no"),
        ("RouteItem", {"inputs": {"authorizationType": "JWT"}}, "RouteItem"),
        ("Worker", {"inputs": {"timeout": 901}}, "Worker (aws:lambda/function:Function): timeout"),
        ("Worker", {"inputs": {"layers": ["x"]}}, "the property layers is not interpreted"),
        ("Worker", {"inputs": {"environment": {"variables": {"AWS_REGION": "x"}}}}, "AWS Lambda sets AWS_REGION"),
        (
            "Api2",
            small_stack.resource("aws:apigatewayv2/api:Api", name="a", protocolType="HTTP"),
            "Api2: the local stack runs",
        ),
        (
            "Nightly",
            small_stack.resource(
                "aws:scheduler/schedule:Schedule",
                scheduleExpression="sometimes",
                flexibleTimeWindow={"mode": "OFF"},
                target={"arn": "${Worker.arn}"},
            ),
            "Nightly: the local stack does not support the schedule expression 'sometimes'",
        ),
    ],
)
def test_a_mistake_names_its_resource(name: str, change: dict[str, Any], message: str, tmp_path: Path) -> None:
    content = copy.deepcopy(small_stack.wiring(tmp_path))
    raw = content["resources"].setdefault(name, {"type": "", "inputs": {}})
    raw["type"] = change.get("type", raw["type"])
    raw["inputs"].update(change.get("inputs", {}))
    with pytest.raises(UsageError) as caught:
        connect(resolved(content, tmp_path))
    assert message in str(caught.value)
    assert name in str(caught.value)


def test_a_circle_of_references(tmp_path: Path) -> None:
    more = {
        name: small_stack.function(name, "api", environment={"variables": {"OTHER": f"${{{other}.name}}"}})
        for name, other in (("One", "Two"), ("Two", "One"))
    }
    with pytest.raises(UsageError, match="One -> Two -> One"):
        resolved(small_stack.wiring(tmp_path, **more), tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"project": "p"}'])
def test_a_file_that_is_no_wiring(text: str, tmp_path: Path) -> None:
    path = tmp_path / "wiring.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="is not a wiring file"):
        load(path)


def test_a_redrive_policy_may_be_json_text(tmp_path: Path) -> None:
    content = small_stack.wiring(tmp_path)
    content["resources"]["Jobs"]["inputs"]["redrivePolicy"] = (
        '{"deadLetterTargetArn": "${Dead.arn}", "maxReceiveCount": 3}'
    )
    policy = resolved(content, tmp_path).of_type(r.Queue)["Jobs"].redrive_policy
    assert policy is not None
    assert (policy.dead_letter_target_arn, policy.max_receive_count) == ("arn:aws:sqs:eu-west-1:111122223333:dead", 3)
