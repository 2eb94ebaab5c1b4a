"""Values that AWS refuses, each in a recorded graph, and values that it accepts."""

from typing import Any

import pytest
from deploy_checks.checks import graph_database_parameters, graph_refused
from deploy_checks.iam_actions import exists, takes, takes_resources
from deploy_checks.rules import Rule

from tests.support.graphs import findings, recorded

CHECKS = (*graph_refused.CHECKS, *graph_database_parameters.CHECKS)
BUCKET, QUEUE = "arn:aws:s3:::results", "arn:aws:sqs:us-east-1:111122223333:jobs"


@pytest.mark.parametrize(
    ("resource", "properties", "path"),
    [
        ("JobsQueue", {"messageRetentionSeconds": 2_000_000}, "MessageRetentionPeriod"),
        ("JobsQueue", {"delaySeconds": 901}, "DelaySeconds"),
        ("JobsQueue", {"visibilityTimeoutSeconds": 50_000}, "VisibilityTimeout"),
        ("WorkerFunction", {"ephemeralStorage": {"size": 100}}, "EphemeralStorage.Size"),
        ("ApiHandlerFunction", {"description": "Accepts jobs. " * 30}, "Description"),
        (
            "ResultsEncryption",
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES128"}}]},
            "AES128",
        ),
        ("ResultsLifecycle", {"rules": [{"status": "Enabled", "expiration": {"days": 0}}]}, "ays"),
        ("S3Endpoint", {"vpcEndpointType": "gateway"}, "VpcEndpointType"),
        ("DeadLetters", {"comparisonOperator": ">="}, "ComparisonOperator"),
        ("DeadLetters", {"statistic": "Max"}, "Statistic"),
        ("ApiStage", {"defaultRouteSettings": {"throttlingRateLimit": -10}}, "ThrottlingRateLimit"),
        ("Config", {"name": "dev/config"}, "Name"),
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
def test_refused_value_is_reported(resource: str, properties: dict[str, Any], path: str) -> None:
    graph = recorded()
    graph[resource].update(properties)
    assert any(path in finding.message for finding in findings(CHECKS, graph))


@pytest.mark.parametrize(
    ("resource", "properties", "rule"),
    [
        ("JobsQueue", {"delaySeconds": 901}, "value-refused"),
        (
            "DatabaseParameterGroup",
            {"parameters": [{"name": "shared_bufers", "value": "1"}]},
            "database-parameter",
        ),
    ],
)
def test_rule_names_the_kind_of_refusal(resource: str, properties: dict[str, Any], rule: Rule) -> None:
    graph = recorded()
    graph[resource].update(properties)
    assert {finding.id for finding in findings(CHECKS, graph)} == {rule}


@pytest.mark.parametrize(
    ("resource", "properties"),
    [
        ("ApiHandlerLogGroup", {"retentionInDays": 0}),  # in Pulumi: no expiry
        ("WorkerFunction", {"reservedConcurrentExecutions": -1}),  # in Pulumi: no reservation
        ("Config", {"type": "SecureString"}),  # which only CloudFormation cannot create
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
def test_accepted_value_is_not_reported(resource: str, properties: dict[str, Any]) -> None:
    graph = recorded()
    graph[resource].update(properties)
    assert findings(CHECKS, graph) == []


@pytest.mark.parametrize("region", ["eu-west-1", "us-west-2", "ap-southeast-2"])
def test_stack_is_accepted_in_other_regions(region: str) -> None:
    graph = recorded()
    graph.data["region"] = region
    assert findings(CHECKS, graph) == []


def test_actions_follow_the_service_authorization_reference() -> None:
    assert all(map(exists, ("s3:GetObject", "bedrock:InvokeModel", "sqs:*", "*", "lambda:InvokeFunction")))
    assert not any(map(exists, ("bedrock:Converse", "bedrock-runtime:InvokeModel", "sqs:SendMessages", "send")))
    assert takes_resources("sqs:SendMessage")
    assert not takes_resources("xray:PutTraceSegments")


def test_action_applies_to_arns_of_its_resource_type() -> None:
    assert takes("sqs:SendMessage", QUEUE)
    assert takes("sqs:SendMessage", "*")
    assert takes("sqs:SendMessage", "arn:aws:*")
    assert not takes("sqs:SendMessage", BUCKET)
    assert not takes("rds-db:connect", "arn:aws:rds:us-east-1:111122223333:db:database")
