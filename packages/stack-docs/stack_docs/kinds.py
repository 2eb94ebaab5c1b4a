"""The kinds of resources that the diagram shows, with their place and text. A type that is not listed is not drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stack_graph.graph import Graph, Resource


@dataclass(frozen=True, slots=True)
class Kind:
    """The presentation of a resource type in the diagram."""

    service: str
    group: str
    """``front``, ``functions``, ``subnets`` or ``services``; ``functions`` and ``subnets`` are inside the VPC."""
    colour: str
    """A key of ``COLOURS``."""
    facts: Callable[[Graph, Resource], list[str]]
    """Lines below the name."""
    together: bool = False
    """One box for all resources of the type, with a line each."""


COLOURS = {
    "orange": ("#fff0e0", "#c8691c"),
    "blue": ("#e6effb", "#3366b3"),
    "pink": ("#fde9f1", "#b8336e"),
    "green": ("#e7f5e6", "#3d8b37"),
    "purple": ("#efe9fc", "#6b46c1"),
    "red": ("#fdeaea", "#b83232"),
    "grey": ("#f1f3f5", "#5c6670"),
}
"""Fill and border by name."""


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
    subscribers = [str(each.value("endpoint")) for each in graph.of_type("aws:sns/topicSubscription:TopicSubscription")]
    count = sum(topic.value("arn") in alarm.texts("alarmActions") for alarm in alarms)
    return [f"from {count} alarms", *(f"to {address}" for address in sorted(subscribers) or ["no subscriber yet"])]


def _no_facts(_: Graph, __: Resource) -> list[str]:
    return []


KINDS: Mapping[str, Kind] = {
    "aws:apigatewayv2/api:Api": Kind("API Gateway", "front", "purple", _routes),
    "aws:scheduler/schedule:Schedule": Kind("EventBridge Scheduler", "front", "pink", _schedule),
    "aws:lambda/invocation:Invocation": Kind("once a deploy", "front", "grey", _no_facts),
    "aws:lambda/function:Function": Kind("Lambda", "functions", "orange", _function),
    "aws:rds/instance:Instance": Kind("RDS", "subnets", "blue", _database),
    "aws:rds/proxy:Proxy": Kind("RDS Proxy", "subnets", "blue", _no_facts),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Kind("Private endpoints", "subnets", "grey", _endpoint, together=True),
    "aws:ec2/natGateway:NatGateway": Kind("NAT gateways (public)", "subnets", "grey", _no_facts, together=True),
    "aws:ec2/instance:Instance": Kind("NAT instances (public)", "subnets", "grey", _no_facts, together=True),
    "aws:secretsmanager/secret:Secret": Kind("Secrets Manager", "services", "red", _no_facts),
    "aws:sqs/queue:Queue": Kind("SQS", "services", "pink", _queue),
    "aws:s3/bucket:Bucket": Kind("S3", "services", "green", _bucket),
    "aws:ssm/parameter:Parameter": Kind("Parameter Store", "services", "grey", _no_facts, together=True),
    "aws:sns/topic:Topic": Kind("SNS", "services", "red", _topic),
}
"""The drawn types, in the order of the boxes. The order determines how many arrows cross."""

CLIENT = Kind("", "front", "grey", _no_facts)
BEDROCK = Kind("Bedrock", "services", "purple", _no_facts)
"""The box of Bedrock, which is no resource of the stack. The policies of the roles name the models."""


def box_of(resource: Resource) -> str:
    """The name of the box that a resource is drawn in."""
    return resource.type if resource.type in KINDS and KINDS[resource.type].together else resource.name
