"""Which resources are drawn, where, and what is written on them. A type that is not here is not drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stack_graph.graph import Graph, Resource


@dataclass(frozen=True, slots=True)
class Kind:
    """How the resources of a type are drawn."""

    service: str
    group: str
    """``functions`` and ``subnets`` are inside the VPC."""
    fill: str
    border: str
    facts: Callable[[Graph, Resource], list[str]]
    """Lines below the name."""
    together: bool = False
    """All of the type in one box: there is no more to them than a line each."""


ORANGE = ("#fff0e0", "#c8691c")
BLUE = ("#e6effb", "#3366b3")
PINK = ("#fde9f1", "#b8336e")
GREEN = ("#e7f5e6", "#3d8b37")
PURPLE = ("#efe9fc", "#6b46c1")
RED = ("#fdeaea", "#b83232")
GREY = ("#f1f3f5", "#5c6670")


def _function(_: Graph, function: Resource) -> list[str]:
    return [f"{function.value('memorySize')} MB, {function.value('timeout')} s"]


def _database(_: Graph, instance: Resource) -> list[str]:
    zones = "two zones" if instance.value("multiAz") else "one zone"
    return [
        f"{instance.value('engine')} {instance.value('engineVersion')}",
        f"{instance.value('instanceClass')}, {zones}",
        f"{instance.value('allocatedStorage')} to {instance.value('maxAllocatedStorage')} GB",
    ]


def _routes(graph: Graph, api: Resource) -> list[str]:
    routes = [route for route in graph.of_type("aws:apigatewayv2/route:Route") if route.value("apiId") == api.id]
    open_to = {"NONE": "open", "AWS_IAM": "IAM", "JWT": "token", "CUSTOM": "authorizer"}
    by_key = sorted(routes, key=lambda route: str(route.value("routeKey")))
    return [
        f"{route.value('routeKey')} ({open_to.get(str(route.value('authorizationType')), '?')})" for route in by_key
    ]


def _queue(_: Graph, queue: Resource) -> list[str]:
    days = queue.number("messageRetentionSeconds", 0) // 86_400
    receives = queue.part("redrivePolicy").value("maxReceiveCount")
    facts = [f"kept {days} days, hidden {queue.value('visibilityTimeoutSeconds')} s"]
    return [*facts, f"{receives} receives at most"] if receives else facts


def _bucket(graph: Graph, bucket: Resource) -> list[str]:
    lifecycles = graph.of_type("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    rules = [
        rule for each in lifecycles if each.value("bucket") == bucket.value("bucket") for rule in each.parts("rules")
    ]
    days = [rule.part("expiration").value("days") for rule in rules]
    return [f"kept {number} days" for number in days if number]


def _endpoint(_: Graph, endpoint: Resource) -> list[str]:
    zones = len(endpoint.texts("subnetIds"))
    where = f"in {zones} zone{'s' if zones > 1 else ''}" if zones else "gateway"
    return [f"{str(endpoint.value('serviceName')).rpartition('.')[2]}, {where}"]


def _schedule(_: Graph, schedule: Resource) -> list[str]:
    return [str(schedule.value("scheduleExpression"))]


def _topic(graph: Graph, topic: Resource) -> list[str]:
    alarms = graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    told = [str(each.value("endpoint")) for each in graph.of_type("aws:sns/topicSubscription:TopicSubscription")]
    count = sum(topic.value("arn") in alarm.texts("alarmActions") for alarm in alarms)
    return [f"from {count} alarms", *(f"to {address}" for address in sorted(told) or ["nobody yet"])]


def _nothing(_: Graph, __: Resource) -> list[str]:
    return []


KINDS: Mapping[str, Kind] = {
    "aws:apigatewayv2/api:Api": Kind("API Gateway", "front", *PURPLE, _routes),
    "aws:scheduler/schedule:Schedule": Kind("EventBridge Scheduler", "front", *PINK, _schedule),
    "aws:lambda/invocation:Invocation": Kind("once a deploy", "front", *GREY, _nothing),
    "aws:lambda/function:Function": Kind("Lambda", "functions", *ORANGE, _function),
    "aws:rds/instance:Instance": Kind("RDS", "subnets", *BLUE, _database),
    "aws:rds/proxy:Proxy": Kind("RDS Proxy", "subnets", *BLUE, _nothing),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Kind("Private endpoints", "subnets", *GREY, _endpoint, together=True),
    "aws:ec2/natGateway:NatGateway": Kind("NAT gateways (public)", "subnets", *GREY, _nothing, together=True),
    "aws:ec2/instance:Instance": Kind("NAT instances (public)", "subnets", *GREY, _nothing, together=True),
    "aws:secretsmanager/secret:Secret": Kind("Secrets Manager", "services", *RED, _nothing),
    "aws:sqs/queue:Queue": Kind("SQS", "services", *PINK, _queue),
    "aws:s3/bucket:Bucket": Kind("S3", "services", *GREEN, _bucket),
    "aws:ssm/parameter:Parameter": Kind("Parameter Store", "services", *GREY, _nothing, together=True),
    "aws:sns/topic:Topic": Kind("SNS", "services", *RED, _topic),
}
"""In this order Graphviz hears of them; another one can give it more arrows that cross."""

CLIENT = Kind("", "front", *GREY, _nothing)
BEDROCK = Kind("Bedrock", "services", *PURPLE, _nothing)
"""No resource of the stack: the roles' statements name its models."""


def box_of(resource: Resource) -> str:
    """The name of the box that a resource is drawn in."""
    return resource.type if resource.type in KINDS and KINDS[resource.type].together else resource.name
