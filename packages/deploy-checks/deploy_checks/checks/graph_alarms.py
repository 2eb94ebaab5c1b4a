"""Alarms look at what is there, and the dead letters have one."""

from collections.abc import Iterator
from typing import Any

from stack_graph.graph import Graph, Rehearsed
from stack_graph.lambdas import QUEUE
from stack_graph.queues import redrive, sources

from deploy_checks.finding import Finding, finding_at

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"

NAMED_BY = {"QueueName": "name", "FunctionName": "name", "DBInstanceIdentifier": "identifier", "ApiId": "id"}
"""The dimensions, and what of a resource stands in them."""


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
"""The services' metrics of a queue, an HTTP API and a function (AWS's lists, 2026-11). RDS's differ by engine."""


def alarms_watch_something(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A dimension that names nothing gives a metric without data, and that is never alarming."""
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
                    f"{alarm.name} will never go off: its {dimension} is {name}, which the stack does not make",
                    "Use the output of the resource that it is about.",
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
            what = f"{alarm.name} has no alarmActions, or they are switched off"
            yield finding_at(alarm, "alarm-tells-nobody", "medium", what, "Name the topic in alarmActions.")


def _names(graph: Graph, output: str) -> set[Any]:
    return {resource.id if output == "id" else resource.value(output) for resource in graph.resources} | {
        resource.id for resource in graph.resources
    }


def dead_letters_are_seen(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A dead letter is a job that somebody waits for."""
    graph = rehearsed.graph
    watched = {alarm.part("dimensions").value("QueueName") for alarm in graph.of_type(ALARM)}
    for _, queue, _ in sources(graph):
        letters = graph.with_output("arn", redrive(queue).value("deadLetterTargetArn"), QUEUE)
        if letters and letters.value("name") not in watched:
            yield finding_at(
                letters,
                "dead-letters-unseen",
                "medium",
                f"Nobody is told of messages in {letters.name}",
                "Add an alarm on its ApproximateNumberOfMessagesVisible.",
            )


CHECKS = (alarms_watch_something, dead_letters_are_seen)
