"""Timeouts, retries and dead letters: each wait fits into the one around it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from stack_graph.graph import Rehearsed, Resource
from stack_graph.lambdas import FUNCTION, QUEUE, function_of, label
from stack_graph.queues import redrive, sources

from deploy_checks.finding import Finding, finding_at

API_TIMEOUT_S = 29
"""An HTTP API gives up after 30 s, and nobody can change that."""

ADVISED_VISIBILITY = 6
"""Times the function's timeout: what AWS advises, so that retries of throttled deliveries fit in."""

UNBOUNDED = -1
"""As Pulumi's AWS provider writes it: nothing is reserved, or no maximum set."""

ATTEMPTS = "functions/pipeline/jobs/services/run_job.py"


def visibility_fits(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A message must stay hidden while it is worked on."""
    for source, queue, function in sources(rehearsed.graph):
        hidden, timeout = queue.number("visibilityTimeoutSeconds", 30), function.number("timeout", 3)
        window = source.number("maximumBatchingWindowInSeconds", 0)
        advised = ADVISED_VISIBILITY * timeout + window
        if hidden < timeout:
            yield finding_at(
                queue,
                "visibility-below-timeout",
                "high",
                "The deploy will fail: InvalidParameterValueException: Queue visibility timeout: "
                f"{hidden} seconds is less than Function timeout: {timeout} seconds",
                f"Set visibilityTimeout to {advised} seconds, six times the function's timeout.",
            )
        elif hidden < advised:
            yield finding_at(
                queue,
                "visibility-below-advised",
                "medium",
                f"{queue.name} shows a message again after {hidden} s, and {label(rehearsed.graph, function)} may take "
                f"{timeout} s: with throttled deliveries, jobs run twice and messages are dead before their time",
                f"Set visibilityTimeout to {advised} seconds: six times the function's timeout, and the batch window.",
            )


def routes_answer_in_time(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The gateway does not wait longer than 30 s."""
    graph = rehearsed.graph
    integrations = graph.of_type("aws:apigatewayv2/integration:Integration")
    behind = {id(function_of(graph, i.value("integrationUri"))) for i in integrations}
    for function in graph.of_type(FUNCTION):
        if id(function) in behind and function.number("timeout", 3) > API_TIMEOUT_S:
            yield finding_at(
                function,
                "timeout-above-gateway",
                "medium",
                f"{label(graph, function)} may take {function.value('timeout')} s, and the client gets 503 "
                '{"message":"Service Unavailable"} after 30 s, while the function goes on',
                f'Set timeout: "{API_TIMEOUT_S} seconds"; what takes longer belongs behind the queue.',
            )


def dead_letters_are_kept(rehearsed: Rehearsed) -> Iterator[Finding]:
    """What cannot be worked on ends in a queue of its own, of the same type, and for no less time."""
    graph = rehearsed.graph
    last_resorts = {redrive(queue).value("deadLetterTargetArn") for queue in graph.of_type(QUEUE)}
    for _, queue, _ in sources(graph):
        policy = redrive(queue)
        if not policy.data and queue.value("arn") in last_resorts:
            continue  # what reads the dead letters must not lose them: they come back until they can be read
        target = graph.with_output("arn", policy.value("deadLetterTargetArn"), QUEUE)
        if not policy.data:
            fault = "queue-without-dead-letters", "medium", "is delivered again until it expires, and then is lost"
            fix = "Give the queue dlq: { queue: deadLetterQueue.arn, retry: 5 }."
        elif target is None or target is queue:
            fault = "unknown-dead-letter-queue", "high", "goes to a queue that the program does not make"
            fix = "Give dlq the ARN of a queue that the program makes."
        elif bool(target.value("fifoQueue")) != bool(queue.value("fifoQueue")):
            fault = "dead-letter-type", "high", "has nowhere to go: Dead-letter queue must be same type of queue"
            fix = "Make both queues FIFO, or neither."
        elif not _takes(target, queue):
            fault = "dead-letters-refused", "high", f"has nowhere to go: {target.name}'s redriveAllowPolicy refuses it"
            fix = f"Allow {queue.name}'s ARN in redriveAllowPolicy, or leave it out."
        elif _kept(target) < _kept(queue):
            fault = "dead-letters-expire-first", "medium", f"is kept {_kept(target)} s, counted since it was sent"
            fix = f"Keep {target.name}'s messages at least {_kept(queue)} s, as {queue.name}'s are."
        else:
            continue
        rule, severity, fate = fault
        message = f"A message of {queue.name} that cannot be handled {fate}"
        yield finding_at(queue, rule, "high" if severity == "high" else "medium", message, fix)


def _takes(target: Resource, queue: Resource) -> bool:
    policy = target.part("redriveAllowPolicy")
    permission = policy.value("redrivePermission") or "allowAll"
    return permission == "allowAll" or (
        permission == "byQueue" and queue.value("arn") in policy.texts("sourceQueueArns")
    )


def _kept(queue: Resource) -> int:
    return queue.number("messageRetentionSeconds", 345_600)


def deliveries_suffice(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A job's own attempts are used up before the queue takes its message away."""
    attempts = _attempts(rehearsed.root)
    for _, queue, _ in sources(rehearsed.graph):
        times = redrive(queue).number("maxReceiveCount", 0)
        least = max(2, attempts + 1)
        if redrive(queue).data and times < least:
            yield finding_at(
                queue,
                "too-few-deliveries",
                "medium",
                f"{queue.name} gives a message up after {times} deliveries, and a job may have {attempts} attempts: it "
                "stays unfinished, and its message is a dead letter",
                f"Set maxReceiveCount to more than {least}: a throttled delivery counts too.",
            )


def _attempts(root: Path) -> int:
    """``MAX_ATTEMPTS`` of the service that runs jobs."""
    file = root / ATTEMPTS
    for statement in ast.parse(file.read_text(encoding="utf-8")).body if file.is_file() else ():
        match statement:
            case ast.Assign(targets=[ast.Name(id="MAX_ATTEMPTS")], value=ast.Constant(value=int(found))):
                return found
    return 1


def batches_fail_in_parts(rehearsed: Rehearsed) -> Iterator[Finding]:
    """One bad message must not send its batch around again."""
    for source, queue, function in sources(rehearsed.graph):
        if "ReportBatchItemFailures" not in source.texts("functionResponseTypes"):
            yield finding_at(
                source,
                "no-partial-responses",
                "critical",
                f"{label(rehearsed.graph, function)} names the messages that failed, and Lambda does not listen: all "
                f"of the batch is deleted from {queue.name}, and failed jobs are lost",
                'Set functionResponseTypes: ["ReportBatchItemFailures"].',
            )
        size, window = source.number("batchSize", 10), source.number("maximumBatchingWindowInSeconds", 0)
        if size > 10 and window < 1:
            yield finding_at(
                source,
                "batch-without-window",
                "high",
                "The deploy will fail: InvalidParameterValueException: Maximum batch window in seconds must be greater "
                f"than 0 if maximum batch size is greater than 10 (it is {size})",
                "Set maximumBatchingWindowInSeconds, or a batchSize of 10 or less.",
            )


def concurrency_fits(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The event source must not ask for more than the function may run."""
    for source, _, function in sources(rehearsed.graph):
        most = source.part("scalingConfig").number("maximumConcurrency", UNBOUNDED)
        reserved = function.number("reservedConcurrentExecutions", UNBOUNDED)
        if most == reserved == UNBOUNDED:
            yield finding_at(
                source,
                "unbounded-concurrency",
                "medium",
                f"{label(rehearsed.graph, function)} runs as often as there are messages: it takes the account's "
                "concurrency, the database's connections and the model's quota",
                "Set scalingConfig: { maximumConcurrency: stage.concurrency.worker }.",
            )
        if reserved >= 0 and not 0 <= most <= reserved:
            yield finding_at(
                source,
                "concurrency-above-reserved",
                "critical" if reserved == 0 else "medium",
                f"{label(rehearsed.graph, function)} may run {reserved} at a time, and its event source starts "
                f"{most if most >= 0 else 'as many as it likes'}: throttled deliveries count as received, so good "
                "messages die",
                "Set scalingConfig.maximumConcurrency to the reserved concurrency or less.",
            )


CHECKS = (
    visibility_fits,
    routes_answer_in_time,
    dead_letters_are_kept,
    deliveries_suffice,
    batches_fail_in_parts,
    concurrency_fits,
)
