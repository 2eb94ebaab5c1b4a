"""Every function is called by something that is switched on, and every handler is some function's."""

import ast
from collections import Counter
from collections.abc import Iterator

from stack_graph.graph import Rehearsed
from stack_graph.iam import allows, document, statements_of
from stack_graph.lambdas import EVENT_SOURCE, FUNCTION, QUEUE, ROTATION, SCHEDULE, function_of, label

from deploy_checks.finding import Finding, finding_at

HANDLERS = "functions/pipeline/handlers"
RULE = "aws:cloudwatch/eventRule:EventRule"
STACK = "pulumi:pulumi:Stack"

CALLERS = {
    "aws:apigatewayv2/integration:Integration": "integrationUri",
    EVENT_SOURCE: "functionName",
    "aws:lambda/invocation:Invocation": "functionName",
    "aws:lambda/functionUrl:FunctionUrl": "functionName",
    "aws:cloudwatch/eventTarget:EventTarget": "arn",
    ROTATION: "rotationLambdaArn",
    "aws:sns/topicSubscription:TopicSubscription": "endpoint",
}
"""What invokes a function, and the property that names it. Schedules have it deeper inside."""


def event_sources_deliver(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each takes all messages from a queue of ours, alone, and is switched on."""
    graph = rehearsed.graph
    found = graph.of_type(EVENT_SOURCE)
    taken = Counter(str(source.value("eventSourceArn")) for source in found if source.value("enabled") is not False)
    for source in found:
        arn = str(source.value("eventSourceArn"))
        if ":sqs:" in arn and not graph.with_output("arn", arn, QUEUE):
            fault = "event-source-without-queue", "there is no such queue in the stack", "Use the queue's arn output."
        elif function_of(graph, source.value("functionName")) is None:
            fault = "event-source-without-function", "its function is none of the stack", "Use the function's arn."
        elif source.value("enabled") is False:
            fault = "event-source-off", "it is switched off: nothing works the queue", "Set enabled: true."
        elif ":sqs:" in arn and source.part("filterCriteria").parts("filters"):
            lost = "Lambda deletes each message that its filter does not match: those jobs are lost"
            fault = "event-source-filters", lost, "Take filterCriteria out."
        elif taken[arn] > 1:
            fault = "queue-with-two-consumers", "another event source takes messages from it too", "Keep one of them."
        else:
            continue
        yield finding_at(source, fault[0], "critical", f"{source.name} takes from {arn}, and {fault[1]}", fault[2])


def schedules_may_invoke(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A schedule needs a function, a role that may invoke it, and the scheduler's right to that role."""
    graph = rehearsed.graph
    for schedule in graph.of_type(SCHEDULE):
        target = schedule.part("target")
        arn, role_arn = target.value("arn"), target.value("roleArn")
        function = function_of(graph, arn)
        role = graph.with_output("arn", role_arn, "aws:iam/role:Role") if role_arn else None
        if function is None:
            fault = "its target is no function of the stack"
        elif role is None:
            fault = "it has no role"
        elif not allows(statements_of(graph, role), "lambda:InvokeFunction", str(arn)):
            fault = f"its role may not lambda:InvokeFunction on {arn}"
        elif "scheduler.amazonaws.com" not in str([s.get("Principal") for s in document(role.raw("assumeRolePolicy"))]):
            fault = "scheduler.amazonaws.com may not assume its role"
        elif schedule.value("state") == "DISABLED":
            fault = "it is switched off"
        elif schedule.value("endDate"):
            fault = f"it ends on {schedule.value('endDate')}"
        else:
            continue
        yield finding_at(
            schedule,
            "schedule-cannot-invoke",
            "critical",
            f"{schedule.name} will never run anything, or not for long: {fault}",
            "Use sst.aws.CronV2 with the function's arn: it makes role and target.",
        )
    for rule in graph.of_type(RULE):
        if rule.value("state") == "DISABLED" or rule.value("isEnabled") is False:
            fix = "Enable it, or take it out."
            yield finding_at(
                rule, "rule-off", "critical", f"{rule.name} is switched off: what it calls never runs", fix
            )


def functions_are_called(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A function that nothing invokes was meant to be invoked by something; one that may never run is in vain."""
    graph = rehearsed.graph
    named = [resource.value(of) for kind, of in CALLERS.items() for resource in graph.of_type(kind)]
    named += [schedule.part("target").value("arn") for schedule in graph.of_type(SCHEDULE)]
    # The deploy's outputs hand a function to people by its name; "functions" among them only lists what is proved.
    named += [stack.value(output) for stack in graph.of_type(STACK) for output in stack.outputs]
    called = {id(function_of(graph, name)) for name in named if name}
    for function in graph.of_type(FUNCTION):
        if id(function) not in called:
            yield finding_at(
                function,
                "nobody-calls",
                "critical",
                f"Nothing in the stack invokes {label(graph, function)}: no route, event source, schedule or deploy",
                "Add what was to call it, or take it out. If people call it, return its name from sst.config.ts.",
            )
        if function.number("reservedConcurrentExecutions", -1) == 0:
            yield finding_at(
                function,
                "function-never-runs",
                "critical",
                f"{label(graph, function)} has a reserved concurrency of 0: every call ends with "
                "TooManyRequestsException: Rate Exceeded.",
                "Reserve as many as may run at once, or nothing.",
            )


def handlers_are_deployed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A handler that no function runs was forgotten: in the program, or when its function was renamed."""
    run = {str(function.value("handler") or "").partition(".")[0] for function in rehearsed.graph.of_type(FUNCTION)}
    for file in sorted((rehearsed.root / HANDLERS).glob("*.py")):
        path = f"{HANDLERS}/{file.name}"
        if _line_of_handler(file.read_text(encoding="utf-8")) and not any(path.endswith(f"/{one}.py") for one in run):
            yield Finding(
                "handler-not-deployed",
                "critical",
                path,
                _line_of_handler(file.read_text(encoding="utf-8")),
                f"No function of the stack runs {path}: what it does is never done",
                "Make an sst.aws.Function with it, and import its file in sst.config.ts; or delete the handler.",
            )


def _line_of_handler(text: str) -> int:
    """Where ``handler`` is defined; 0 where it is not, or the text does not parse."""
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return 0
    for statement in body:
        match statement:
            case ast.FunctionDef(name="handler") | ast.Assign(targets=[ast.Name(id="handler")]):
                return statement.lineno
    return 0


CHECKS = (event_sources_deliver, schedules_may_invoke, functions_are_called, handlers_are_deployed)
