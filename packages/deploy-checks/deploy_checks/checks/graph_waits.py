"""Timeouts, retries and dead letters: each timeout fits into the one around it."""

from collections.abc import Iterator

from stack_graph.graph import Rehearsed, Resource
from stack_graph.iam import role_of, statements_of
from stack_graph.lambdas import FUNCTION, QUEUE, function_of, label
from stack_graph.queues import redrive, sources

from deploy_checks.finding import Finding, Severity, finding_at
from deploy_checks.product import manifest_of
from deploy_checks.rules import Rule

API_TIMEOUT_S = 29
"""An HTTP API gives up after 30 s, a limit that cannot be raised."""

ADVISED_VISIBILITY = 6
"""Times the function's timeout: AWS's advice, so that retries of throttled deliveries fit."""

UNBOUNDED = -1
"""No reserved concurrency, or no maximum, as Pulumi's AWS provider writes it."""


def visibility_fits(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A message stays hidden while a function works on it."""
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
                f'Set visibilityTimeout: "{advised} seconds", six times the function\'s timeout.',
            )
        elif hidden < advised:
            yield finding_at(
                queue,
                "visibility-below-advised",
                "low",
                f"{queue.name} delivers a message again after {hidden} s, and {label(rehearsed.graph, function)} "
                "may take "
                f"{timeout} s: with throttled deliveries, jobs run twice and messages become dead letters too early",
                f'Set visibilityTimeout: "{advised} seconds": six times the function\'s timeout, and the batch window.',
            )


def routes_answer_in_time(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Functions behind the gateway answer within its 30 s."""
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
                '{"message":"Service Unavailable"} after 30 s, while the function continues',
                f'Set timeout: "{API_TIMEOUT_S} seconds"; what takes longer belongs behind the queue.',
            )


def dead_letters_are_kept(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Messages that fail go to a dead-letter queue of the same type that keeps them at least as long."""
    graph = rehearsed.graph
    dead_letter_queues = {redrive(queue).value("deadLetterTargetArn") for queue in graph.of_type(QUEUE)}
    for _, queue, _ in sources(graph):
        policy = redrive(queue)
        if not policy.data and queue.value("arn") in dead_letter_queues:
            continue  # a dead-letter queue needs none: its messages are delivered until they are handled
        target = graph.with_output("arn", policy.value("deadLetterTargetArn"), QUEUE)
        problem: tuple[Rule, Severity, str]
        if not policy.data:
            problem = "queue-without-dead-letters", "low", "is delivered again until it expires, and then is lost"
            fix = "Give the queue dlq: { queue: deadLetterQueue.arn, retry: 5 }."
        elif target is None or target is queue:
            problem = "unknown-dead-letter-queue", "high", "goes to a queue that the program does not create"
            fix = "Give dlq the ARN of a queue that the program creates."
        elif bool(target.value("fifoQueue")) != bool(queue.value("fifoQueue")):
            problem = "dead-letter-type", "high", "has nowhere to go: Dead-letter queue must be same type of queue"
            fix = "Make both queues FIFO, or neither."
        elif not _takes(target, queue):
            problem = (
                "dead-letters-refused",
                "high",
                f"has nowhere to go: {target.name}'s redriveAllowPolicy refuses it",
            )
            fix = f"Allow {queue.name}'s ARN in redriveAllowPolicy, or leave it out."
        elif _kept(target) < _kept(queue):
            problem = "dead-letters-expire-first", "medium", f"is kept {_kept(target)} s, counted since it was sent"
            fix = f"Keep {target.name}'s messages at least {_kept(queue)} s, as {queue.name}'s are."
        else:
            continue
        rule, severity, outcome = problem
        message = f"A message of {queue.name} that cannot be handled {outcome}"
        yield finding_at(queue, rule, severity, message, fix)


def _takes(target: Resource, queue: Resource) -> bool:
    policy = target.part("redriveAllowPolicy")
    permission = policy.value("redrivePermission") or "allowAll"
    return permission == "allowAll" or (
        permission == "byQueue" and queue.value("arn") in policy.texts("sourceQueueArns")
    )


def _kept(queue: Resource) -> int:
    return queue.number("messageRetentionSeconds", 345_600)


def deliveries_suffice(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A job uses up its attempts before its message becomes a dead letter."""
    policy = manifest_of(rehearsed).section("policy")
    attempts = policy["attempts"]["max_attempts"] if policy else 1
    for _, queue, _ in sources(rehearsed.graph):
        times = redrive(queue).number("maxReceiveCount", 0)
        least = max(2, attempts + 1)
        if redrive(queue).data and times < least:
            yield finding_at(
                queue,
                "too-few-deliveries",
                "medium",
                f"{queue.name} drops a message after {times} deliveries, and a job may have {attempts} attempts: "
                "the job "
                "stays unfinished, and its message becomes a dead letter",
                f"Set dlq: {{ queue, retry: {least + 1} }} or more: a throttled delivery counts too.",
            )


def batches_fail_in_parts(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A batch with a failed message is not delivered again as a whole.

    The product's handlers report failed messages. Those of other functions are judged by what they answer, in
    ``artifact_answers``.
    """
    reporting = {handler["handler"] for handler in manifest_of(rehearsed).section("handlers") or ()}
    for source, queue, function in sources(rehearsed.graph):
        reports = function.value("handler") in reporting
        if reports and "ReportBatchItemFailures" not in source.texts("functionResponseTypes"):
            yield finding_at(
                source,
                "no-partial-responses",
                "critical",
                f"{label(rehearsed.graph, function)} reports the messages that failed, and Lambda ignores the "
                "report: the "
                f"whole batch is deleted from {queue.name}, and failed jobs are lost",
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
                "Set maximumBatchingWindowInSeconds: 1 or more, or a batchSize of 10 or less.",
            )


def concurrency_fits(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The event source starts no more invocations than the function may run."""
    for source, _, function in sources(rehearsed.graph):
        most = source.part("scalingConfig").number("maximumConcurrency", UNBOUNDED)
        reserved = function.number("reservedConcurrentExecutions", UNBOUNDED)
        role = role_of(rehearsed.graph, function)
        statements = statements_of(rehearsed.graph, role) if role else []
        calls_models = any(one.allow and not one.unknown and one.names("bedrock:InvokeModel") for one in statements)
        if most == reserved == UNBOUNDED:
            yield finding_at(
                source,
                "unbounded-concurrency",
                "medium" if calls_models else "low",
                f"{label(rehearsed.graph, function)} runs as often as there are messages: it may use up the account's "
                f"concurrency{', and the quota of the model' if calls_models else ''}",
                "Set scalingConfig: { maximumConcurrency: stage.concurrency.worker }.",
            )
        if reserved >= 0 and not 0 <= most <= reserved:
            yield finding_at(
                source,
                "concurrency-above-reserved",
                "critical" if reserved == 0 else "medium",
                f"{label(rehearsed.graph, function)} may run {reserved} at a time, and its event source starts "
                f"{most if most >= 0 else 'an unlimited number'}: throttled deliveries count as received, so good "
                "messages become dead letters",
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
