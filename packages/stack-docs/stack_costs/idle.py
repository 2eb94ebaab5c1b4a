"""What a stage costs when nobody calls it: each resource of the graph is on the bill, or in a list of what is free."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from stack_graph.graph import Graph, Resource
from stack_graph.vpc import ENDPOINT

from stack_costs.prices import HOURS, Line, Unpriced, assumed
from stack_costs.use import invocations

ONE = Decimal(1)


def _database(_: Graph, instance: Resource) -> Iterator[Line]:
    copies = Decimal(2 if instance.value("multiAz") else 1)
    yield Line("PostgreSQL instance", copies * HOURS, f"rds_{instance.value('instanceClass')}_hour")
    size = copies * instance.number("allocatedStorage", 0)
    yield Line("PostgreSQL storage", size, f"rds_{instance.value('storageType')}_gb_month")


def _proxy(_: Graph, __: Resource) -> Iterator[Line]:
    # Every db.t4g has two, which is also the least that is billed; the price of another class is unknown here anyway.
    yield Line("RDS Proxy", 2 * HOURS, "rds_proxy_vcpu_hour")


def _endpoint(_: Graph, endpoint: Resource) -> Iterator[Line]:
    if endpoint.value("vpcEndpointType") == "Interface":  # those to S3 and DynamoDB are free
        yield Line("Private endpoints", len(endpoint.texts("subnetIds")) * HOURS, "endpoint_hour")


def _nat_gateway(_: Graph, __: Resource) -> Iterator[Line]:
    yield Line("NAT", HOURS, "nat_gateway_hour")


def _machine(_: Graph, machine: Resource) -> Iterator[Line]:
    yield Line("NAT", HOURS, f"ec2_{machine.value('instanceType')}_hour")
    yield Line("NAT", assumed("nat_disk_gb"), "ebs_gp3_gb_month")


def _address(_: Graph, __: Resource) -> Iterator[Line]:
    yield Line("Public addresses", HOURS, "public_ipv4_hour")


def _poller(_: Graph, __: Resource) -> Iterator[Line]:
    asked = assumed("idle_pollers") * HOURS * 3600 / 20
    yield Line("SQS, asked by Lambda", asked, "sqs_request")


def _schedule(graph: Graph, schedule: Resource) -> Iterator[Line]:
    function = graph.with_output("arn", schedule.part("target").value("arn"), "aws:lambda/function:Function")
    times = _times(str(schedule.value("scheduleExpression")))
    if times is None or function is None:
        raise Unpriced(f"{schedule.name}: only a function at a rate or a cron time is priced, in {__name__}.")
    yield Line("Scheduled runs", Decimal(times), "schedule_invocation")
    for line in invocations(graph, function, Decimal(times), assumed("scheduled_ms"), Decimal(0)):
        yield Line("Scheduled runs", line.quantity, line.price)


def _times(expression: str) -> int | None:
    """How often in a month; for a cron expression as if it were every day."""
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        return round(HOURS / (int(rate[1]) * {"minute": ONE / 60, "hour": ONE, "day": Decimal(24)}[rate[2]]))
    if cron := re.fullmatch(r"cron\((\S+) (\S+) \S+ \S+ \S+ \S+\)", expression):
        return round(_matches(cron[1], 60) * _matches(cron[2], 24) * HOURS / 24)
    return 1 if expression.startswith("at(") else None


def _matches(field: str, most: int) -> int:
    """How many minutes of an hour, or hours of a day, a field of a cron expression means; of a range, all."""
    if step := re.fullmatch(r"[\d*-]+/(\d+)", field):
        return -(-most // int(step[1]))
    return len(field.split(",")) if re.fullmatch(r"[\d,]+", field) else most


def _monthly(what: str, price: str) -> Callable[[Graph, Resource], Iterator[Line]]:
    return lambda _, __: iter([Line(what, ONE, price)])


PRICED: Mapping[str, Callable[[Graph, Resource], Iterator[Line]]] = {
    "aws:rds/instance:Instance": _database,
    "aws:rds/proxy:Proxy": _proxy,
    ENDPOINT: _endpoint,
    "aws:ec2/natGateway:NatGateway": _nat_gateway,
    "aws:ec2/instance:Instance": _machine,
    "aws:ec2/eip:Eip": _address,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _monthly("Alarms", "alarm_month"),
    # SST's VPC has a Cloud Map namespace, and with it a zone at Route 53.
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": _monthly("Private DNS zone", "hosted_zone_month"),
    "aws:secretsmanager/secret:Secret": _monthly("Secret", "secret_month"),
    "aws:scheduler/schedule:Schedule": _schedule,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _poller,
}
"""By type, in the order of the bill."""

BY_USE = frozenset(
    {
        "aws:apigatewayv2/api:Api",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:lambda/function:Function",
        "aws:s3/bucket:Bucket",
        "aws:sns/topic:Topic",  # mails: a thousand are free, and an alarm sends two
        "aws:sqs/queue:Queue",
    }
)
"""Cost nothing while they are not used."""

FREE = frozenset(
    {
        "aws:apigatewayv2/integration:Integration",
        "aws:apigatewayv2/route:Route",
        "aws:apigatewayv2/stage:Stage",
        "aws:apigatewayv2/authorizer:Authorizer",
        "aws:budgets/budget:Budget",  # one that only tells; one that acts is billed by the day
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/eipAssociation:EipAssociation",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/keyPair:KeyPair",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:iam/instanceProfile:InstanceProfile",
        "aws:iam/role:Role",
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "aws:lambda/invocation:Invocation",  # once a release
        "aws:lambda/permission:Permission",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",
        "aws:rds/proxyTarget:ProxyTarget",
        "aws:rds/subnetGroup:SubnetGroup",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketObjectv2:BucketObjectv2",  # the archives of a release: 25 MB, less than a cent a year
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:secretsmanager/secretRotation:SecretRotation",  # one short run of a function in 30 days
        "aws:secretsmanager/secretVersion:SecretVersion",
        "aws:sns/topicSubscription:TopicSubscription",
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:ssm/parameter:Parameter",
    }
)
NO_CLOUD = ("pulumi:", "pulumi-nodejs:", "random:", "sst:", "tls:")
"""Providers whose resources are no cloud's: components, random strings, keys."""

HOLDS_FOR: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "aws:apigatewayv2/api:Api": {"protocolType": ("HTTP",)},
    "aws:cloudwatch/logGroup:LogGroup": {"logGroupClass": (None, "STANDARD")},
    "aws:lambda/eventSourceMapping:EventSourceMapping": {"provisionedPollerConfig": (None,)},
    "aws:lambda/function:Function": {"ephemeralStorage": (None, {"size": 512}), "snapStart": (None,)},
    "aws:rds/instance:Instance": {
        "databaseInsightsMode": (None, "standard"),
        "engine": ("postgres",),
        "iops": (None,),
        "monitoringInterval": (None, 0),
        "performanceInsightsRetentionPeriod": (None, 7),  # days: longer is billed
        "replicateSourceDb": (None,),
    },
    "aws:sqs/queue:Queue": {"fifoQueue": (None, False), "kmsMasterKeyId": (None,)},
    "aws:ssm/parameter:Parameter": {"tier": (None, "Standard")},
}
"""Settings with a price of their own: what is known here holds for these values."""


def idle(graph: Graph) -> list[Line]:
    """The bill of a month. Raises Unpriced for whatever it does not know the price of."""
    order = list(PRICED)
    known = [resource for resource in graph.resources if _is_known(resource)]
    ordered = sorted(known, key=lambda resource: (order.index(resource.type), resource.name))
    return [line for resource in ordered for line in PRICED[resource.type](graph, resource)]


def _is_known(resource: Resource) -> bool:
    """Whether there is a price for it; false: it costs nothing. Raises Unpriced."""
    kind, place = resource.type, f"{resource.name} ({resource.file}:{resource.line})"
    for setting, values in HOLDS_FOR.get(kind, {}).items():
        if resource.raw(setting) not in values:
            raise Unpriced(
                f"{place}: {setting} has a price that packages/stack-docs/stack_costs/idle.py does not know."
            )
    if kind in PRICED:
        return True
    if kind in BY_USE or kind in FREE or kind.startswith(NO_CLOUD):
        return False
    raise Unpriced(
        f"{place}: a {kind} has no price. Give it one in packages/stack-docs/stack_costs/idle.py, or list it "
        "there as free."
    )
