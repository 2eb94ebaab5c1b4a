"""Every alarm watches an existing metric, and every dead-letter queue has an alarm."""

from collections.abc import Iterator
from typing import Any

from stack_graph.graph import Graph, Rehearsed
from stack_graph.lambdas import QUEUE
from stack_graph.queues import redrive, sources

from deploy_checks.finding import Finding, finding_at

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"

NAMED_BY = {"QueueName": "name", "FunctionName": "name", "DBInstanceIdentifier": "identifier", "ApiId": "id"}
"""Dimensions of metrics, and the output of the resource that each contains."""


METRICS = {
    "AWS/SQS": "ApproximateAgeOfOldestMessage ApproximateNumberOfGroupsWithInflightMessages "
    "ApproximateNumberOfMessagesDelayed ApproximateNumberOfMessagesNotVisible ApproximateNumberOfMessagesVisible "
    "NumberOfDeduplicatedSentMessages NumberOfEmptyReceives NumberOfMessagesDeleted NumberOfMessagesReceived "
    "NumberOfMessagesSent SentMessageSize",
    "AWS/ApiGateway": "4xx 5xx Count DataProcessed IntegrationLatency Latency",
    "AWS/Lambda": "AsyncEventAge AsyncEventsDropped AsyncEventsReceived ClaimedAccountConcurrency ConcurrentExecutions "
    "DeadLetterErrors DestinationDeliveryFailures Duration Errors Invocations IteratorAge OffsetLag "
    "PostRuntimeExtensionsDuration ProvisionedConcurrencyInvocations ProvisionedConcurrencySpilloverInvocations "
    "ProvisionedConcurrencyUtilization ProvisionedConcurrentExecutions RecursiveInvocationsDropped Throttles "
    "UnreservedConcurrentExecutions",
}
"""The metrics of a queue, an HTTP API and a function (AWS's lists, 2026-11). RDS's differ by engine."""


def alarms_watch_something(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every alarm has a metric with data, and an action. A metric without data never triggers an alarm."""
    graph = rehearsed.graph
    for alarm in graph.of_type(ALARM):
        dimensions = alarm.part("dimensions")
        for dimension in dimensions.data:
            name = dimensions.value(dimension)
            if dimension in NAMED_BY and name not in _names(graph, NAMED_BY[dimension]):
                yield finding_at(
                    alarm,
                    "alarm-on-nothing",
                    "medium",
                    f"{alarm.name} will never go off: its {dimension} is {name}, which the stack does not create",
                    "Use the output of the resource that it watches.",
                )
        known = METRICS.get(str(alarm.value("namespace")), "").split()
        if known and alarm.value("metricName") not in known:
            yield finding_at(
                alarm,
                "alarm-on-nothing",
                "medium",
                f"{alarm.name} will never go off: {alarm.value('namespace')} has no metric {alarm.value('metricName')}",
                f"Use one of {', '.join(known)}.",
            )
        if not alarm.texts("alarmActions") or alarm.value("actionsEnabled") is False:
            message = f"{alarm.name} has no alarmActions, or they are disabled"
            yield finding_at(alarm, "alarm-without-action", "medium", message, "Name the topic in alarmActions.")


def _names(graph: Graph, output: str) -> set[Any]:
    return {resource.id if output == "id" else resource.value(output) for resource in graph.resources} | {
        resource.id for resource in graph.resources
    }


def dead_letters_are_seen(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every dead-letter queue has an alarm: each message there is a job that did not finish."""
    graph = rehearsed.graph
    watched = {alarm.part("dimensions").value("QueueName") for alarm in graph.of_type(ALARM)}
    for _, queue, _ in sources(graph):
        dead_letters = graph.with_output("arn", redrive(queue).value("deadLetterTargetArn"), QUEUE)
        if dead_letters and dead_letters.value("name") not in watched:
            yield finding_at(
                dead_letters,
                "dead-letters-unseen",
                "medium",
                f"No alarm watches the messages in {dead_letters.name}",
                "Add an alarm on its ApproximateNumberOfMessagesVisible.",
            )


CHECKS = (alarms_watch_something, dead_letters_are_seen)
