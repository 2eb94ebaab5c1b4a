"""Every function has an enabled caller, and every handler is used by a function."""

import re
from collections import Counter
from collections.abc import Iterator

from stack_graph.graph import Rehearsed
from stack_graph.iam import allows, document, statements_of
from stack_graph.lambdas import EVENT_SOURCE, FUNCTION, PERMISSION, QUEUE, ROTATION, SCHEDULE, function_of, label

from deploy_checks.finding import Finding, finding_at
from deploy_checks.product import manifest_of
from deploy_checks.rules import Rule

RULE = "aws:cloudwatch/eventRule:EventRule"
STACK = "pulumi:pulumi:Stack"

CALLERS = {
    "aws:apigatewayv2/integration:Integration": "integrationUri",
    "aws:apigateway/integration:Integration": "uri",
    EVENT_SOURCE: "functionName",
    "aws:lambda/invocation:Invocation": "functionName",
    "aws:lambda/functionUrl:FunctionUrl": "functionName",
    "aws:cloudwatch/eventTarget:EventTarget": "arn",
    ROTATION: "rotationLambdaArn",
    "aws:sns/topicSubscription:TopicSubscription": "endpoint",
}
"""Resources that invoke a function, and the property that names it. Schedules have it in a nested object."""


OTHER_CALLERS = re.compile(r"^(?!apigateway\.|events\.|sns\.|scheduler\.|secretsmanager\.)[\w.-]+\.amazonaws\.com$")
"""Services with a permission, whose resources are not in CALLERS: S3, Cognito, SES, CloudWatch Logs and others."""


def event_sources_deliver(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each event source is enabled, and reads all messages of a queue of this stack alone."""
    graph = rehearsed.graph
    found = graph.of_type(EVENT_SOURCE)
    taken = Counter(str(source.value("eventSourceArn")) for source in found if source.value("enabled") is not False)
    for source in found:
        problem: tuple[Rule, str, str]
        arn = str(source.value("eventSourceArn"))
        if ":sqs:" in arn and not graph.with_output("arn", arn, QUEUE):
            problem = "event-source-without-queue", "the stack has no such queue", "Use the queue's arn output."
        elif function_of(graph, source.value("functionName")) is None:
            problem = "event-source-without-function", "its function is not in the stack", "Use the function's arn."
        elif source.value("enabled") is False:
            problem = "event-source-off", "it is disabled: no function reads the queue", "Set enabled: true."
        elif ":sqs:" in arn and source.part("filterCriteria").parts("filters"):
            lost = "Lambda deletes each message that its filter does not match: those jobs are lost"
            problem = "event-source-filters", lost, "Remove filterCriteria."
        elif taken[arn] > 1:
            problem = "queue-with-two-consumers", "another event source reads it too", "Keep one of them."
        else:
            continue
        yield finding_at(source, problem[0], "critical", f"{source.name} reads {arn}, and {problem[1]}", problem[2])


def schedules_may_invoke(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A schedule needs a function, a role that may invoke it, and a role that the scheduler may assume."""
    graph = rehearsed.graph
    for schedule in graph.of_type(SCHEDULE):
        target = schedule.part("target")
        arn, role_arn = target.value("arn"), target.value("roleArn")
        function = function_of(graph, arn)
        role = graph.with_output("arn", role_arn, "aws:iam/role:Role") if role_arn else None
        if function is None:
            problem = "its target is not a function of the stack"
        elif role is None:
            problem = "it has no role"
        elif not allows(statements_of(graph, role), "lambda:InvokeFunction", str(arn)):
            problem = f"its role may not lambda:InvokeFunction on {arn}"
        elif "scheduler.amazonaws.com" not in str([s.get("Principal") for s in document(role.raw("assumeRolePolicy"))]):
            problem = "scheduler.amazonaws.com may not assume its role"
        elif schedule.value("state") == "DISABLED":
            problem = "it is disabled"
        elif schedule.value("endDate"):
            problem = f"it ends on {schedule.value('endDate')}"
        else:
            continue
        yield finding_at(
            schedule,
            "schedule-cannot-invoke",
            "critical",
            f"{schedule.name} will not invoke its function: {problem}",
            "Use sst.aws.CronV2 with the function's arn: it creates the role and the target.",
        )
    for rule in graph.of_type(RULE):
        if rule.value("state") == "DISABLED" or rule.value("isEnabled") is False:
            fix = "Enable it, or take it out."
            yield finding_at(
                rule, "rule-off", "critical", f"{rule.name} is switched off: what it calls never runs", fix
            )


def functions_are_called(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every function is invoked by a resource, and may run."""
    graph = rehearsed.graph
    named = [resource.value(of) for kind, of in CALLERS.items() for resource in graph.of_type(kind)]
    named += [schedule.part("target").value("arn") for schedule in graph.of_type(SCHEDULE)]
    granted = (one for one in graph.of_type(PERMISSION) if OTHER_CALLERS.match(str(one.value("principal"))))
    named += [permission.value("function") for permission in granted]
    # An output with a function's name makes it available to people. The output "functions" is an object, so not one.
    named += [stack.value(output) for stack in graph.of_type(STACK) for output in stack.outputs]
    called = {id(function_of(graph, name)) for name in named if name}
    handlers = {handler["handler"] for handler in manifest_of(rehearsed).section("handlers") or ()}
    for function in graph.of_type(FUNCTION):
        if id(function) not in called:
            yield finding_at(
                function,
                "function-without-caller",
                # A handler of the product has work that only its caller gives it. Others may be called from elsewhere.
                "critical" if function.value("handler") in handlers else "low",
                f"Nothing in the stack invokes {label(graph, function)}: no route, event source, schedule or deploy. "
                "It runs only if code or people call it by name",
                "Add its caller, or remove it. If people call it, return its name from sst.config.ts.",
            )
        if function.number("reservedConcurrentExecutions", -1) == 0:
            yield finding_at(
                function,
                "function-never-runs",
                "critical",
                f"{label(graph, function)} has a reserved concurrency of 0: every call ends with "
                "TooManyRequestsException: Rate Exceeded.",
                "Reserve the concurrency that it needs, or none.",
            )


def handlers_are_deployed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every handler is used by a function: one that is not was forgotten, or its function was renamed."""
    used = {str(function.value("handler") or "") for function in rehearsed.graph.of_type(FUNCTION)}
    for handler in manifest_of(rehearsed).section("handlers") or ():
        if handler["handler"] not in used:
            yield Finding(
                "handler-not-deployed",
                "critical",
                handler["file"],
                handler["line"],
                f"No function of the stack runs {handler['file']}: its work is never done",
                "Create an sst.aws.Function with it, and import its file in sst.config.ts; or delete the handler.",
            )


CHECKS = (event_sources_deliver, schedules_may_invoke, functions_are_called, handlers_are_deployed)
