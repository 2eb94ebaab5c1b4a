"""Rules for timeouts, retries, callers and alarms: each case changes one property of a recorded graph."""

import json
from collections.abc import Callable

import pytest
from deploy_checks.checks import graph_alarms, graph_callers, graph_functions, graph_limits, graph_refused, graph_waits
from deploy_checks.rules import Rule

from tests.support.graphs import Recorded, findings, findings_of, recorded

CHECKS = (
    *graph_waits.CHECKS,
    *graph_functions.CHECKS,
    *graph_callers.CHECKS,
    *graph_limits.CHECKS,
    *graph_alarms.CHECKS,
    *graph_refused.CHECKS,
)

QUEUE, WORKER, API, SWEEPER = (
    "infra/jobs/queue.ts",
    "infra/jobs/worker.ts",
    "infra/jobs/api.ts",
    "infra/jobs/sweeper.ts",
)
MONITORING, DEAD_LETTER = "infra/monitoring.ts", "infra/jobs/dead_letters.ts"


def redrive(graph: Recorded, **changes: object) -> None:
    policy = graph["JobsQueue"]["redrivePolicy"]
    written = json.loads(policy) if isinstance(policy, str) else policy
    graph["JobsQueue"]["redrivePolicy"] = json.dumps({**written, **changes})


def role_for_another_function(graph: Recorded) -> None:
    inline = graph["SweeperScheduleRole"]["inlinePolicies"][0]
    inline["policy"] = inline["policy"].replace("SweeperFunction", "OtherFunction")


def disabled_rule(graph: Recorded) -> None:
    graph.add("SweeperScheduleSchedule", "Rule", state="DISABLED")
    graph.resource("Rule")["type"] = "aws:cloudwatch/eventRule:EventRule"


def twice_consumed(graph: Recorded) -> None:
    graph.add("WorkerJobs", "Second")


CASES: list[tuple[Callable[[Recorded], object], Rule, str, str]] = [
    (lambda g: g["JobsQueue"].update(visibilityTimeoutSeconds=300), "visibility-below-timeout", QUEUE, "high"),
    (lambda g: g["JobsQueue"].update(visibilityTimeoutSeconds=None), "visibility-below-timeout", QUEUE, "high"),
    (lambda g: g["JobsQueue"].update(visibilityTimeoutSeconds=1200), "visibility-below-advised", QUEUE, "low"),
    (
        lambda g: g["WorkerJobs"].update(maximumBatchingWindowInSeconds=60),
        "visibility-below-advised",
        QUEUE,
        "low",
    ),
    (lambda g: g["ApiHandlerFunction"].update(timeout=300), "timeout-above-gateway", API, "medium"),
    (lambda g: g["JobsQueue"].pop("redrivePolicy"), "queue-without-dead-letters", QUEUE, "low"),
    (lambda g: redrive(g, deadLetterTargetArn="arn:aws:sqs:::x"), "unknown-dead-letter-queue", QUEUE, "high"),
    (lambda g: g["JobsQueue"].update(fifoQueue=True), "dead-letter-type", QUEUE, "high"),
    (
        lambda g: g["JobsDeadLetterQueue"].update(messageRetentionSeconds=345_600),
        "dead-letters-expire-first",
        QUEUE,
        "medium",
    ),
    (lambda g: redrive(g, maxReceiveCount=1), "too-few-deliveries", QUEUE, "medium"),
    (lambda g: redrive(g, maxReceiveCount=3), "too-few-deliveries", QUEUE, "medium"),
    (lambda g: g["WorkerJobs"].update(functionResponseTypes=[]), "no-partial-responses", WORKER, "critical"),
    (lambda g: g["WorkerJobs"].update(batchSize=50), "batch-without-window", WORKER, "high"),
    (
        lambda g: g["WorkerJobs"].update(scalingConfig={"maximumConcurrency": 1}),
        "value-refused",
        WORKER,
        "high",
    ),
    (
        lambda g: g["WorkerFunction"].update(reservedConcurrentExecutions=5),
        "concurrency-above-reserved",
        WORKER,
        "medium",
    ),
    (lambda g: g["SweeperFunction"].update(runtime="nodejs24.x"), "runtime-not-python", SWEEPER, "critical"),
    (lambda g: g["SweeperFunction"].update(runtime="python3.13"), "unlike-the-others", SWEEPER, "low"),
    (lambda g: g["SweeperFunction"].update(architectures=["arm64"]), "unlike-the-others", SWEEPER, "low"),
    (lambda g: g["SweeperFunction"].update(architectures=["arm"]), "value-refused", SWEEPER, "high"),
    (lambda g: g["SweeperFunction"].update(memorySize=64), "value-refused", SWEEPER, "high"),
    (lambda g: g["SweeperFunction"].update(timeout=1000), "value-refused", SWEEPER, "high"),
    (
        lambda g: (
            g["SweeperFunction"].update(name="sweeper"),
            g.resource("SweeperFunction")["options"].update(ignoreChanges=[]),
        ),
        "fixed-name",
        SWEEPER,
        "medium",
    ),
    (
        lambda g: g["WorkerJobs"].update(eventSourceArn="arn:aws:sqs:us-east-1:111122223333:other"),
        "event-source-without-queue",
        WORKER,
        "critical",
    ),
    (
        lambda g: g["WorkerJobs"].update(functionName="other"),
        "event-source-without-function",
        WORKER,
        "critical",
    ),
    (lambda g: g["WorkerJobs"].update(enabled=False), "event-source-off", WORKER, "critical"),
    (
        lambda g: g["WorkerJobs"].update(filterCriteria={"filters": [{"pattern": "{}"}]}),
        "event-source-filters",
        WORKER,
        "critical",
    ),
    (
        lambda g: g["WorkerFunction"].update(reservedConcurrentExecutions=0),
        "function-never-runs",
        WORKER,
        "critical",
    ),
    (
        lambda g: g["WorkerFunction"].update(handler="pipeline/jobs/handlers/sweeper.handler"),
        "handler-not-deployed",
        "functions/pipeline/jobs/handlers/worker.py",
        "critical",
    ),
    (
        lambda g: g["JobsDeadLetterQueue"].update(redriveAllowPolicy='{"redrivePermission": "denyAll"}'),
        "dead-letters-refused",
        QUEUE,
        "high",
    ),
    (lambda g: g["QueueAge"].update(actionsEnabled=False), "alarm-without-action", MONITORING, "medium"),
    (lambda g: g["QueueAge"].update(metricName="Age"), "alarm-on-nothing", MONITORING, "medium"),
    (twice_consumed, "queue-with-two-consumers", WORKER, "critical"),
    (role_for_another_function, "schedule-cannot-invoke", SWEEPER, "critical"),
    (
        lambda g: g["SweeperScheduleSchedule"]["target"].pop("roleArn"),
        "schedule-cannot-invoke",
        SWEEPER,
        "critical",
    ),
    (lambda g: g["SweeperScheduleSchedule"].update(state="DISABLED"), "schedule-cannot-invoke", SWEEPER, "critical"),
    (lambda g: g["WorkerJobs"].pop("scalingConfig"), "unbounded-concurrency", WORKER, "medium"),
    (lambda g: g["JobsQueue"].pop("messageRetentionSeconds"), "limit-without-effect", QUEUE, "medium"),
    (lambda g: g["WorkerJobs"].update(batchSize=None), "limit-without-effect", WORKER, "medium"),
    (lambda g: g["SweeperFunction"].update(timeout=20), "limit-without-effect", SWEEPER, "medium"),
    (lambda g: g["SweeperFunction"].pop("timeout"), "timeout-too-short", SWEEPER, "medium"),
    (lambda g: g["WorkerFunction"].update(timeout=60), "timeout-below-model-call", WORKER, "critical"),
    (lambda g: g["QueueAge"]["dimensions"].update(QueueName="jobs"), "alarm-on-nothing", MONITORING, "medium"),
    (lambda g: g["QueueAge"].update(alarmActions=[]), "alarm-without-action", MONITORING, "medium"),
    (lambda g: g.drop("DeadLetters"), "dead-letters-unseen", QUEUE, "medium"),
    (lambda g: g.drop("SweeperScheduleSchedule"), "function-without-caller", SWEEPER, "critical"),
    (lambda g: g.drop("WorkerJobs"), "function-without-caller", WORKER, "critical"),
    (
        lambda g: g.drop("DeadLetterHandlerMessages"),
        "function-without-caller",
        "infra/jobs/dead_letters.ts",
        "critical",
    ),
    (lambda g: g["ApiHandlerFunction"].update(reservedConcurrentExecutions=0), "function-never-runs", API, "critical"),
    (lambda g: g["SweeperScheduleSchedule"].update(state="DISABLED"), "schedule-cannot-invoke", SWEEPER, "critical"),
    (
        lambda g: g["SweeperScheduleSchedule"].update(endDate="2026-12-01T00:00:00Z"),
        "schedule-cannot-invoke",
        SWEEPER,
        "critical",
    ),
    (disabled_rule, "rule-off", SWEEPER, "critical"),
    (
        lambda g: g["DeadLetters"]["dimensions"].update(QueueName=g["JobsQueue"]["name"]),
        "dead-letters-unseen",
        QUEUE,
        "medium",
    ),
]


@pytest.mark.parametrize(("change", "rule", "file", "severity"), CASES)
def test_change_is_reported(change: Callable[[Recorded], object], rule: Rule, file: str, severity: str) -> None:
    graph = recorded()
    change(graph)
    found = findings_of(rule, CHECKS, graph)
    assert any(finding.file == file and finding.severity == severity for finding in found), found


@pytest.mark.parametrize("stage", ["dev", "staging", "production"])
def test_recorded_graph_has_no_findings(stage: str) -> None:
    assert findings(CHECKS, recorded(stage)) == []


def test_function_named_in_an_output_has_a_caller() -> None:
    graph = recorded()
    graph.add("SweeperFunction", "Extra", arn="arn:aws:lambda:us-east-1:111122223333:function:extra")
    graph["Extra"]["name"] = "extra"

    def uncalled_functions() -> int:
        return sum(finding.id == "function-without-caller" for finding in findings(graph_callers.CHECKS, graph))

    uncalled = uncalled_functions()
    outputs = graph["bedrock-pipeline-dev"]
    outputs["functions"] = {**outputs["functions"], "Extra": "extra"}  # lists functions for a comparison of their code
    assert uncalled_functions() == uncalled
    outputs["extra"] = "extra"
    assert uncalled_functions() == uncalled - 1


def test_consumer_of_dead_letters_needs_no_dead_letter_queue() -> None:
    graph = recorded()
    graph.add("WorkerJobs", "DeadLetterJobs", eventSourceArn=graph["JobsDeadLetterQueue"]["arn"])
    rules = {finding.id for finding in findings(graph_waits.CHECKS, graph)}
    assert "queue-without-dead-letters" not in rules
    assert "visibility-below-timeout" in rules or "visibility-below-advised" in rules  # the other rules apply
