"""Costs of use: the invocation of a function, and an analysis from the request to the result."""

from collections.abc import Iterator
from decimal import Decimal

from stack_graph.graph import Graph, Resource
from stack_graph.lambdas import QUEUE
from stack_graph.queues import redrive, sources
from stack_graph.vpc import ENDPOINT

from stack_costs.prices import Line, Unpriced, assumed

GB = Decimal(10) ** 9
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
DAYS = Decimal(30)
"""Days in a month, for storage with a retention in days."""


def invocations(graph: Graph, function: Resource, times: Decimal, ms: Decimal, log_bytes: Decimal) -> Iterator[Line]:
    """Invocations of a function: duration, log and traces. ``ms`` and ``log_bytes`` are for each."""
    seconds = times * ms / 1000
    gigabytes = Decimal(function.number("memorySize", 128)) / 1024
    architecture = (function.texts("architectures") or ["x86_64"])[0]
    yield Line("Lambda", times, "lambda_request")
    yield Line("Lambda", seconds * gigabytes, f"lambda_{architecture}_gb_second")
    group = function.part("loggingConfig").value("logGroup")
    yield from logged(graph, group, times * (log_bytes + assumed("log_bytes_lambda")))
    if function.part("tracingConfig").value("mode") == "Active":
        # Lambda samples the first request of each second. At no more than one a second that is every request.
        yield Line("X-Ray traces", times, "trace")


def logged(graph: Graph, group: object, size: Decimal) -> Iterator[Line]:
    """Bytes written to a log group and stored for its retention. Raises Unpriced without a retention."""
    found = graph.with_output("name", group, "aws:cloudwatch/logGroup:LogGroup")
    days = found.number("retentionInDays", 0) if found else 0
    if not days:
        raise Unpriced(f"The log group {group} keeps its events for ever, so the cost is unbounded. Set a retention.")
    yield Line("Logs", size / GB, "log_gb")
    yield Line("Logs", size / GB * days / DAYS, "log_gb_month")


def flow_log_group(log: Resource) -> str:
    """The name of the log group that a flow log writes to."""
    return str(log.value("logDestination")).partition(":log-group:")[2].removesuffix(":*")


def analyses(graph: Graph, number: Decimal) -> Iterator[Line]:
    """The cost of so many analyses without the model calls."""
    requests = number * (1 + assumed("polls"))
    for api in _named(graph, "aws:apigatewayv2/integration:Integration", "integrationUri"):
        yield Line("HTTP API", requests, "http_api_request")
        yield from invocations(graph, api, requests, assumed("api_ms"), assumed("log_bytes_api"))
    for stage in graph.of_type("aws:apigatewayv2/stage:Stage"):
        if log := stage.part("accessLogSettings").value("destinationArn"):
            group = str(log).partition(":log-group:")[2].removesuffix(":*")
            yield from logged(graph, group, requests * assumed("log_bytes_access"))
    for flows in graph.of_type(FLOW_LOG):
        records = number * assumed("flow_records_analysis")
        yield from logged(graph, flow_log_group(flows), records * assumed("flow_record_bytes"))
    for worker in _workers(graph):
        ms = assumed("model_seconds") * 1000 + assumed("worker_ms")
        yield Line("SQS", number * assumed("sqs_requests"), "sqs_request")
        yield from invocations(graph, worker, number, ms, assumed("log_bytes_worker"))
    for lifecycle in graph.of_type("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"):
        days = max((rule.part("expiration").number("days", 0) for rule in lifecycle.parts("rules")), default=0)
        yield Line("S3", number, "s3_put")
        yield Line("S3", number * assumed("result_bytes") / GB * days / DAYS, "s3_gb_month")
    private = number * assumed("private_bytes") / GB
    if any(endpoint.value("vpcEndpointType") == "Interface" for endpoint in graph.of_type(ENDPOINT)):
        yield Line("Data", private, "endpoint_gb")
    elif graph.of_type("aws:ec2/natGateway:NatGateway"):
        yield Line("Data", private, "nat_gateway_gb")
    yield Line("Data", number * assumed("internet_bytes") / GB, "internet_gb")


def _workers(graph: Graph) -> Iterator[Resource]:
    """The functions that read a queue other than a dead-letter queue, which no successful analysis reaches."""
    dead_letter_queues = {redrive(queue).value("deadLetterTargetArn") for queue in graph.of_type(QUEUE)}
    for _, queue, function in sources(graph):
        if queue.value("arn") not in dead_letter_queues:
            yield function


def _named(graph: Graph, kind: str, attribute: str) -> list[Resource]:
    """The functions that an attribute of the resources of a type names, each once."""
    arns = dict.fromkeys(resource.value(attribute) for resource in graph.of_type(kind))
    found = [graph.with_output("arn", arn, "aws:lambda/function:Function") for arn in arns]
    return [function for function in found if function]
