"""The costs of a stage without requests. Every type of resource in the graph is priced, billed by use, or free."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from stack_graph.graph import Graph, Resource
from stack_graph.vpc import ENDPOINT

from stack_costs.prices import HOURS, Line, Unpriced, assumed
from stack_costs.use import FLOW_LOG, flow_log_group, invocations, logged

ONE = Decimal(1)


def _database(_: Graph, instance: Resource) -> Iterator[Line]:
    copies = Decimal(2 if instance.value("multiAz") else 1)
    yield Line("PostgreSQL instance", copies * HOURS, f"rds_{instance.value('instanceClass')}_hour")
    size = copies * instance.number("allocatedStorage", 0)
    yield Line("PostgreSQL storage", size, f"rds_{instance.value('storageType')}_gb_month")


def _proxy(_: Graph, __: Resource) -> Iterator[Line]:
    # Every db.t4g has two vCPUs, which is also the billed minimum. prices.json has no other instance class.
    yield Line("RDS Proxy", 2 * HOURS, "rds_proxy_vcpu_hour")


def _endpoint(_: Graph, endpoint: Resource) -> Iterator[Line]:
    if endpoint.value("vpcEndpointType") == "Interface":  # gateway endpoints, to S3 and DynamoDB, are free
        yield Line("Private endpoints", len(endpoint.texts("subnetIds")) * HOURS, "endpoint_hour")


def _nat_gateway(_: Graph, __: Resource) -> Iterator[Line]:
    yield Line("NAT", HOURS, "nat_gateway_hour")


def _machine(_: Graph, machine: Resource) -> Iterator[Line]:
    yield Line("NAT", HOURS, f"ec2_{machine.value('instanceType')}_hour")
    yield Line("NAT", assumed("nat_disk_gb"), "ebs_gp3_gb_month")


def _address(_: Graph, __: Resource) -> Iterator[Line]:
    yield Line("Public addresses", HOURS, "public_ipv4_hour")


def _poller(_: Graph, __: Resource) -> Iterator[Line]:
    requests = assumed("idle_pollers") * HOURS * 3600 / 20  # long polling: 20 s a request
    yield Line("SQS polling by Lambda", requests, "sqs_request")


def _schedule(graph: Graph, schedule: Resource) -> Iterator[Line]:
    function = graph.with_output("arn", schedule.part("target").value("arn"), "aws:lambda/function:Function")
    times = _times(str(schedule.value("scheduleExpression")))
    if times is None or function is None:
        raise Unpriced(f"{schedule.name}: {__name__} prices only a function with a rate, cron or at expression.")
    yield Line("Scheduled runs", Decimal(times), "schedule_invocation")
    for line in invocations(graph, function, Decimal(times), assumed("scheduled_ms"), assumed("log_bytes_scheduled")):
        yield Line("Scheduled runs", line.quantity, line.price)


def _times(expression: str) -> int | None:
    """Runs in a month; a cron expression counts for every day. ``None`` if it is neither."""
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        return round(HOURS / (int(rate[1]) * {"minute": ONE / 60, "hour": ONE, "day": Decimal(24)}[rate[2]]))
    if cron := re.fullmatch(r"cron\((\S+) (\S+) \S+ \S+ \S+ \S+\)", expression):
        return round(_matches(cron[1], 60) * _matches(cron[2], 24) * HOURS / 24)
    return 1 if expression.startswith("at(") else None


def _matches(field: str, all_values: int) -> int:
    """The number of minutes of an hour, or hours of a day, that a cron field matches; a range counts as all."""
    if step := re.fullmatch(r"[\d*-]+/(\d+)", field):
        return -(-all_values // int(step[1]))
    return len(field.split(",")) if re.fullmatch(r"[\d,]+", field) else all_values


def _log_metric(_: Graph, found: Resource) -> Iterator[Line]:
    """A metric costs in the hours in which a line matches. One that counts has none; one with a field's value, all."""
    if str(found.part("metricTransformation").value("value")).startswith("$."):
        yield Line("Metrics", ONE, "metric_month")


def _flow_log(graph: Graph, log: Resource) -> Iterator[Line]:
    size = assumed("flow_records_hour") * HOURS * assumed("flow_record_bytes")
    for line in logged(graph, flow_log_group(log), size):
        yield Line("Flow logs", line.quantity, line.price)


def _monthly(item: str, price: str) -> Callable[[Graph, Resource], Iterator[Line]]:
    return lambda _, __: iter([Line(item, ONE, price)])


PRICED: Mapping[str, Callable[[Graph, Resource], Iterator[Line]]] = {
    "aws:rds/instance:Instance": _database,
    "aws:rds/proxy:Proxy": _proxy,
    ENDPOINT: _endpoint,
    "aws:ec2/natGateway:NatGateway": _nat_gateway,
    "aws:ec2/instance:Instance": _machine,
    "aws:ec2/eip:Eip": _address,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _monthly("Alarms", "alarm_month"),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _log_metric,
    "aws:kms/key:Key": _monthly("Key of the alarms", "kms_key_month"),
    FLOW_LOG: _flow_log,
    # SST's VPC has a Cloud Map namespace, and with it a zone at Route 53.
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": _monthly("Private DNS zone", "hosted_zone_month"),
    "aws:secretsmanager/secret:Secret": _monthly("Secret", "secret_month"),
    "aws:scheduler/schedule:Schedule": _schedule,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _poller,
}
"""The priced types of resources with their functions, in the order of the bill."""

BY_USE = frozenset(
    {
        "aws:apigatewayv2/api:Api",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:lambda/function:Function",
        "aws:s3/bucket:Bucket",
        "aws:sns/topic:Topic",  # e-mails: the first thousand are free, and an alarm sends two
        "aws:sqs/queue:Queue",
    }
)
"""Types that cost nothing while they are unused."""

FREE = frozenset(
    {
        "aws:apigatewayv2/integration:Integration",
        "aws:apigatewayv2/route:Route",
        "aws:apigatewayv2/stage:Stage",
        "aws:apigatewayv2/authorizer:Authorizer",
        "aws:budgets/budget:Budget",  # budgets that only notify are free; those with actions are billed by the day
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
        "aws:iam/policy:Policy",
        "aws:iam/role:Role",
        "aws:kms/alias:Alias",
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
"""Types that cost nothing or less than a cent."""
NOT_IN_CLOUD = ("pulumi:", "pulumi-nodejs:", "random:", "sst:", "tls:")
"""Prefixes of types that exist in no cloud: components, random strings, keys."""

PRICED_VALUES: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
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
"""Settings with an extra price, by type, with the values that the prices here apply to."""


def idle(graph: Graph) -> list[Line]:
    """The bill of a month. Raises Unpriced for a resource or setting without a known price."""
    order = list(PRICED)
    billed = [resource for resource in graph.resources if _is_billed(resource)]
    ordered = sorted(billed, key=lambda resource: (order.index(resource.type), resource.name))
    return [line for resource in ordered for line in PRICED[resource.type](graph, resource)]


def _is_billed(resource: Resource) -> bool:
    """Whether the resource is on the bill; otherwise it costs nothing while idle. Raises Unpriced."""
    kind, place = resource.type, f"{resource.name} ({resource.file}:{resource.line})"
    for setting, values in PRICED_VALUES.get(kind, {}).items():
        if resource.raw(setting) not in values:
            raise Unpriced(f"{place}: this {setting} has no price. Add it to packages/stack-docs/stack_costs/idle.py.")
    if kind in PRICED:
        return True
    if kind in BY_USE or kind in FREE or kind.startswith(NOT_IN_CLOUD):
        return False
    raise Unpriced(
        f"{place}: the cost of {kind} is unknown. Add its price to packages/stack-docs/stack_costs/idle.py, or add it "
        "to the free types there."
    )
