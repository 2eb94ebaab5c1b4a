"""The limits in project.config.ts reach the resources: SST's components drop arguments that they do not know."""

import re
from collections.abc import Iterator
from pathlib import Path

from stack_graph.graph import Rehearsed, Resource
from stack_graph.lambdas import FUNCTION, QUEUE, calls, label
from stack_graph.queues import redrive, sources

from deploy_checks.checks.files_code import MODEL_SERVICE
from deploy_checks.finding import Finding, finding_at
from deploy_checks.product import manifest_of
from deploy_checks.subjects import product

CONFIG = "project.config.ts"

TYPESCRIPT_NUMBER = re.compile(r"^  (\w+): ([\d_]+),", re.MULTILINE)

SHORT_TIMEOUT_S = 10
"""Lambda's default is 3 s: a cold start and a new database connection take longer."""


def limits(root: Path) -> dict[str, int]:
    """The numbers of ``functionSettings`` in project.config.ts."""
    file = root / CONFIG
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    block = text.partition("export const functionSettings = {")[2].partition("\n}")[0]
    return {name: int(number.replace("_", "")) for name, number in TYPESCRIPT_NUMBER.findall(block)}


def limits_arrive(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each resource has the limit that is configured for it."""
    graph, configured = rehearsed.graph, limits(rehearsed.root)
    worker = manifest_of(rehearsed).section("worker")
    found: list[tuple[Resource, str, object]] = []
    for source, queue, function in sources(graph):
        if function.value("handler") != worker:
            continue  # the limits are those of the job queue: a queue for something else has its own
        found.append((queue, "visibilityTimeoutSeconds", queue.value("visibilityTimeoutSeconds")))
        found.append((queue, "maxReceiveCount", redrive(queue).value("maxReceiveCount") or "none"))
        found.append((source, "batchSize", source.value("batchSize")))
        failed = graph.with_output("arn", redrive(queue).value("deadLetterTargetArn"), QUEUE)
        for kept in (queue, failed) if failed else (queue,):
            found.append((kept, "messageRetentionSeconds", kept.value("messageRetentionSeconds")))
    for function in graph.of_type(FUNCTION):
        handler = str(function.value("handler") or "").rpartition("/")[2].partition(".")[0]
        found.append((function, f"{handler}TimeoutSeconds", function.value("timeout")))
    for resource, limit, value in found:
        given = "AWS's default" if value is None else str(value)
        if limit in configured and given != str(configured[limit]):
            yield finding_at(
                resource,
                "limit-without-effect",
                "medium",
                f"{resource.name} has {given}, and functionSettings.{limit} in {CONFIG} is {configured[limit]}: the "
                "code is written for that number",
                "Pass it by the argument's right name, or through transform if the component has no such argument.",
            )


def calls_fit_into_timeouts(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A function has more time than the longest call that it waits for."""
    graph, clients = rehearsed.graph, manifest_of(rehearsed).section("aws_clients") or ()
    waits = [client["connect_s"] + client["read_s"] for client in clients if client["service"] == MODEL_SERVICE]
    model_call = max(waits, default=0)
    for function in graph.of_type(FUNCTION):
        timeout, name = function.number("timeout", 3), label(graph, function)
        services = {call.service for call in calls(rehearsed.root, function)}
        if MODEL_SERVICE in services and timeout <= model_call:
            yield finding_at(
                function,
                "timeout-below-model-call",
                "critical",
                f"{name} stops after {timeout} s, and waits up to {model_call:g} s for a model: Task timed out, the "
                "prompt is billed, and the job starts over",
                f"Set its timeout above {model_call:g} s, with time for the work around the call.",
            )
        elif services and timeout < SHORT_TIMEOUT_S:
            yield finding_at(
                function,
                "timeout-too-short",
                "medium",
                f"{name} has a timeout of {timeout} s, which a cold start and a slow answer exceed",
                f"Give it {SHORT_TIMEOUT_S} s or more.",
            )


ABOUT = product
CHECKS = (limits_arrive, calls_fit_into_timeouts)
