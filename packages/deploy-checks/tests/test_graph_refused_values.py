"""Values that AWS refuses, each on a recorded graph; and the same schemas take what the stack has."""

from typing import Any

import pytest
from deploy_checks.checks import graph_database_parameters, graph_refused
from deploy_checks.iam_actions import exists, takes, takes_resources

from tests.support.graphs import findings, recorded

CHECKS = (*graph_refused.CHECKS, *graph_database_parameters.CHECKS)
BUCKET, QUEUE = "arn:aws:s3:::results", "arn:aws:sqs:us-east-1:111122223333:jobs"


@pytest.mark.parametrize(
    ("resource", "properties", "path"),
    [
        ("JobsQueue", {"messageRetentionSeconds": 2_000_000}, "MessageRetentionPeriod"),
        ("JobsQueue", {"delaySeconds": 901}, "DelaySeconds"),
        ("JobsQueue", {"redrivePolicy": '{"maxReceiveCount": 0}'}, "RedrivePolicy.maxReceiveCount"),
        ("WorkerJobs", {"scalingConfig": {"maximumConcurrency": 1}}, "ScalingConfig.MaximumConcurrency"),
        ("WorkerFunction", {"timeout": 901}, "Timeout"),
        ("WorkerFunction", {"memorySize": 10_241}, "MemorySize"),
        ("WorkerFunction", {"tracingConfig": {"mode": "On"}}, "TracingConfig.Mode"),
        ("DatabaseInstance", {"instanceClass": "db.t9.micro"}, "DBInstanceClass"),
        ("DatabaseInstance", {"backupRetentionPeriod": 36}, "BackupRetentionPeriod"),
        ("DatabaseInstance", {"allocatedStorage": 5}, "AllocatedStorage"),
        ("DatabaseSubnetGroup", {"subnetIds": ["subnet-1"]}, "SubnetIds"),
        ("DeadLetters", {"period": 45}, "Period"),
        ("DeadLetters", {"treatMissingData": "no"}, "TreatMissingData"),
        ("Config", {"name": "/aws/dev/config"}, "Name"),
        ("Config", {"type": "Text"}, "Type"),
        ("SweeperScheduleSchedule", {"scheduleExpression": "cron(* * * * *)"}, "ScheduleExpression"),
        ("ApiHandlerLogGroup", {"retentionInDays": 8}, "RetentionInDays"),
        ("ApiRouteAnalyzeRoute", {"authorizationType": "IAM"}, "AuthorizationType"),
        ("ApiApi", {"corsConfiguration": {"allowOrigins": ["https://a.example/app"]}}, "AllowOrigins.0"),
        ("ResultsLifecycle", {"rules": [{"status": "On"}]}, "Rules.0.Status"),
        ("FunctionSecurityGroup", {"egress": [{"fromPort": 1, "toPort": 70_000}]}, "ToPort"),
        ("DatabaseParameterGroup", {"parameters": [{"name": "shared_bufers", "value": "1"}]}, "shared_bufers"),
    ],
)
def test_a_value_that_aws_refuses_is_found(resource: str, properties: dict[str, Any], path: str) -> None:
    graph = recorded()
    graph[resource].update(properties)
    assert any(path in finding.message for finding in findings(CHECKS, graph))


@pytest.mark.parametrize(
    ("resource", "properties"),
    [
        ("ApiHandlerLogGroup", {"retentionInDays": 0}),  # Pulumi's way to say: for ever
        ("WorkerFunction", {"reservedConcurrentExecutions": -1}),  # and: none
        ("Config", {"type": "SecureString"}),  # which CloudFormation alone cannot make
        ("Config", {"name": "config"}),
        ("DatabaseInstance", {"engineVersion": "18", "instanceClass": "db.m8g.large"}),
        ("DatabaseInstance", {"allocatedStorage": "100"}),
        ("SweeperScheduleSchedule", {"scheduleExpression": "cron(0 8 ? * MON-FRI *)"}),
        ("SweeperScheduleSchedule", {"scheduleExpression": "rate(1 minutes)"}),
        ("ApiApi", {"corsConfiguration": {"allowOrigins": ["https://*.example.com", "*"]}}),
        ("DatabaseParameterGroup", {"parameters": [{"name": "work_mem", "value": "8192"}]}),
        ("DatabaseParameterGroup", {"parameters": [{"name": "auto_explain.log_timing", "value": "1"}]}),
    ],
)
def test_a_value_that_aws_takes_is_let_pass(resource: str, properties: dict[str, Any]) -> None:
    graph = recorded()
    graph[resource].update(properties)
    assert findings(CHECKS, graph) == []


@pytest.mark.parametrize("region", ["eu-west-1", "us-west-2", "ap-southeast-2"])
def test_the_stack_is_taken_in_other_regions(region: str) -> None:
    graph = recorded()
    graph.data["region"] = region
    assert findings(CHECKS, graph) == []


def test_actions_are_those_of_the_service_authorization_reference() -> None:
    assert all(map(exists, ("s3:GetObject", "bedrock:InvokeModel", "sqs:*", "*", "lambda:InvokeFunction")))
    assert not any(map(exists, ("bedrock:Converse", "bedrock-runtime:InvokeModel", "sqs:SendMessages", "send")))
    assert takes_resources("sqs:SendMessage")
    assert not takes_resources("xray:PutTraceSegments")


def test_an_action_is_about_arns_of_its_own_kind() -> None:
    assert takes("sqs:SendMessage", QUEUE)
    assert takes("sqs:SendMessage", "*")
    assert takes("sqs:SendMessage", "arn:aws:*")
    assert not takes("sqs:SendMessage", BUCKET)
    assert not takes("rds-db:connect", "arn:aws:rds:us-east-1:111122223333:db:database")
