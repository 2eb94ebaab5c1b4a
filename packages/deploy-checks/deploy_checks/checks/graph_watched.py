"""Alarms on spending, models, refused callers and connections, which show nowhere else in time."""

import re
from collections.abc import Iterator
from pathlib import Path

from stack_graph.graph import Graph, Rehearsed, Resource
from stack_graph.lambdas import DATABASE, FUNCTION, calls

from deploy_checks.checks.files_code import MODEL_SERVICE
from deploy_checks.checks.graph_alarms import ALARM
from deploy_checks.checks.graph_routes import API
from deploy_checks.finding import Finding, Severity, finding_at

FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"

OF_MODELS = {
    "ModelThrottled": "throttled calls of the models",
    "ModelAccessDenied": "calls of the models that Bedrock denies",
    "spent_percent": "the day's spending",
}
"""A word in the filter of each metric that a stage with models must have an alarm on, and what the metric counts."""

OF_THE_LOGGER = {"message", "level", "timestamp"}
"""Fields that every line of the log has."""


def failures_are_watched(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each of them has an alarm."""
    graph = rehearsed.graph
    filters = " ".join(_text(found) for found in _alarmed_filters(graph))
    for function in graph.of_type(FUNCTION):
        if any(call.service == MODEL_SERVICE for call in calls(rehearsed.root, function)):
            for word, subject in OF_MODELS.items():
                if word not in filters:
                    yield _unwatched(function, subject, f"the log metric of {word}", "medium")
    for api in graph.of_type(API):
        if "403" not in filters:
            metric = "a metric filter of the access log, for status 403"
            yield _unwatched(api, "callers that the API refuses", metric, "low")
    watched = {
        alarm.part("dimensions").value("DBInstanceIdentifier")
        for alarm in graph.of_type(ALARM)
        if alarm.value("metricName") == "DatabaseConnections"
    }
    for database in graph.of_type(DATABASE):
        if not watched & {database.id, database.value("identifier")}:
            yield _unwatched(database, f"the connections of {database.name}", "RDS's metric DatabaseConnections", "low")


def _unwatched(resource: Resource, subject: str, metric: str, severity: Severity) -> Finding:
    message = f"No alarm watches {subject}: it is noticed when requests fail"
    return finding_at(resource, "unwatched", severity, message, f"Add an alarm on {metric}.")


def _alarmed_filters(graph: Graph) -> list[Resource]:
    alarmed = {(alarm.value("namespace"), alarm.value("metricName")) for alarm in graph.of_type(ALARM)}
    return [found for found in graph.of_type(FILTER) if _metric(found) in alarmed]


def _metric(found: Resource) -> tuple[object, object]:
    metric = found.part("metricTransformation")
    return metric.value("namespace"), metric.value("name")


def _text(found: Resource) -> str:
    return f"{found.value('pattern')} {found.part('metricTransformation').value('value')}"


def log_metrics_count_something(rehearsed: Rehearsed) -> Iterator[Finding]:
    """An alarm on a log has a metric filter, and the filter looks for what the code logs."""
    graph = rehearsed.graph
    made = {_metric(found) for found in graph.of_type(FILTER)}
    for alarm in graph.of_type(ALARM):
        namespace, name = alarm.value("namespace"), alarm.value("metricName")
        if not str(namespace or "AWS/").startswith("AWS/") and (namespace, name) not in made:
            yield _on_nothing(alarm, f"no metric filter makes {name}", "Add the aws.cloudwatch.LogMetricFilter.")
    functions = {function.part("loggingConfig").value("logGroup") for function in graph.of_type(FUNCTION)}
    for found in graph.of_type(FILTER):
        words = set(re.findall(r'"([^"]+)"|\$\.(\w+)', _text(found)))
        unknown = sorted(word for pair in words for word in pair if word and not _is_logged(rehearsed.root, word))
        if found.value("logGroupName") in functions and unknown:
            fix = "Use the message and the fields of the line, as the code logs it."
            yield _on_nothing(found, f"the code logs no {', '.join(unknown)}", fix)


def _on_nothing(resource: Resource, why: str, fix: str) -> Finding:
    return finding_at(resource, "alarm-on-nothing", "medium", f"{resource.name} will never count: {why}", fix)


def _is_logged(root: Path, word: str) -> bool:
    """Whether a text or a name is in the functions' code. The type checker holds the fields of the log to its list."""
    named = re.compile(rf"\b{re.escape(word)}\b")
    sources = (root / "functions").rglob("*.py")
    return word in OF_THE_LOGGER or any(named.search(file.read_text(encoding="utf-8")) for file in sources)


CHECKS = (failures_are_watched, log_metrics_count_something)
