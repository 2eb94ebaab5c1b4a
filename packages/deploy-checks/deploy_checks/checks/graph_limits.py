"""What project.config.ts says has arrived in the resources: SST's components drop arguments that they do not know."""

import re
from collections.abc import Iterator
from pathlib import Path

from stack_graph.graph import Rehearsed, Resource
from stack_graph.lambdas import FUNCTION, QUEUE, calls, label
from stack_graph.queues import redrive, sources

from deploy_checks.finding import Finding, finding_at

CONFIG = "project.config.ts"
AWS_CLIENTS = "functions/pipeline/platform/aws.py"

TYPESCRIPT_NUMBER = re.compile(r"^  (\w+): ([\d_]+),", re.MULTILINE)
PYTHON_NUMBER = re.compile(r"^(MODEL_\w+_TIMEOUT_S) = ([\d_]+)", re.MULTILINE)

WORKER = "pipeline/jobs/handlers/worker.handler"
"""The limits of the queue are those of the jobs, which this works: a queue for something else has its own."""

SHORT_TIMEOUT_S = 10
"""Lambda's default is 3 s: a cold start and a new database connection take longer."""


def limits(root: Path) -> dict[str, int]:
    """The numbers of ``limits``."""
    file = root / CONFIG
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    block = text.partition("export const limits = {")[2].partition("\n}")[0]
    return {name: int(number.replace("_", "")) for name, number in TYPESCRIPT_NUMBER.findall(block)}


def limits_arrive(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each limit is what the resource that it is for has."""
    graph, wanted = rehearsed.graph, limits(rehearsed.root)
    found: list[tuple[Resource, str, object]] = []
    for source, queue, function in sources(graph):
        if function.value("handler") != WORKER:
            continue
        found.append((queue, "visibilityTimeoutSeconds", queue.value("visibilityTimeoutSeconds")))
        found.append((queue, "maxReceiveCount", redrive(queue).value("maxReceiveCount") or "none"))
        found.append((source, "batchSize", source.value("batchSize")))
    for queue in graph.of_type(QUEUE):
        found.append((queue, "messageRetentionSeconds", queue.value("messageRetentionSeconds")))
    for function in graph.of_type(FUNCTION):
        handler = str(function.value("handler") or "").rpartition("/")[2].partition(".")[0]
        found.append((function, f"{handler}TimeoutSeconds", function.value("timeout")))
    for resource, limit, value in found:
        given = "AWS's default" if value is None else str(value)
        if limit in wanted and given != str(wanted[limit]):
            yield finding_at(
                resource,
                "limit-without-effect",
                "medium",
                f"{resource.name} has {given} where {CONFIG} says limits.{limit} is {wanted[limit]}: the code is "
                "written for that number",
                "Pass it by the argument's right name, or through transform where the component has none.",
            )


def calls_fit_into_timeouts(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A function lives longer than the longest call that it waits for."""
    graph, file = rehearsed.graph, rehearsed.root / AWS_CLIENTS
    waits = dict(PYTHON_NUMBER.findall(file.read_text(encoding="utf-8"))) if file.is_file() else {}
    model_call = sum(int(seconds.replace("_", "")) for seconds in waits.values())
    for function in graph.of_type(FUNCTION):
        timeout, name = function.number("timeout", 3), label(graph, function)
        services = {call.service for call in calls(rehearsed.root, function)}
        if "bedrock-runtime" in services and timeout <= model_call:
            yield finding_at(
                function,
                "timeout-below-model-call",
                "critical",
                f"{name} is killed after {timeout} s, and waits up to {model_call} s for a model: Task timed out, the "
                "prompt is billed, and the job starts again",
                f"Set its timeout above {model_call} s, with room for what is around the call.",
            )
        elif services and timeout < SHORT_TIMEOUT_S:
            yield finding_at(
                function,
                "timeout-too-short",
                "medium",
                f"{name} has {timeout} s, which a cold start and a slow answer use up",
                f"Give it {SHORT_TIMEOUT_S} s or more.",
            )


CHECKS = (limits_arrive, calls_fit_into_timeouts)
