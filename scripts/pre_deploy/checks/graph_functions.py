"""The functions: of a kind that Lambda takes, all alike, and each called by something that may."""

import re
from collections import Counter
from collections.abc import Iterator

from pre_deploy.finding import Finding
from pre_deploy.graph import Rehearsed
from pre_deploy.iam import allows, document, statements_of
from pre_deploy.lambdas import EVENT_SOURCE, FUNCTION, QUEUE, function_of, label

RUNTIMES = {"python3.10", "python3.11", "python3.12", "python3.13", "python3.14"}
"""Python runtimes in which Lambda still lets functions be made (2026-11)."""

ARCHITECTURES = {"x86_64", "arm64"}
SCHEDULE = "aws:scheduler/schedule:Schedule"

CALLERS = {
    "aws:apigatewayv2/integration:Integration": "integrationUri",
    EVENT_SOURCE: "functionName",
    "aws:lambda/invocation:Invocation": "functionName",
    "aws:lambda/functionUrl:FunctionUrl": "functionName",
    "aws:cloudwatch/eventTarget:EventTarget": "arn",
    "aws:sns/topicSubscription:TopicSubscription": "endpoint",
}
"""What invokes a function, and the property that names it. Schedules have it deeper inside."""


def functions_can_be_made(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Runtime, architecture, memory and timeout are some that Lambda offers."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        name, runtime = label(graph, function), function.value("runtime")
        zipped = function.value("packageType") in {None, "Zip"}
        if zipped and runtime not in RUNTIMES:
            yield function.finding(
                "runtime",
                "critical" if str(runtime).startswith("nodejs") else "high",
                f"{name} has the runtime {runtime}, which is no Python that Lambda offers: the deploy fails, or its "
                "handler cannot be imported",
                'Set runtime: "python3.12", as limits.runtime has it.',
            )
        for kind in set(function.value("architectures") or ["x86_64"]) - ARCHITECTURES:
            yield function.finding(
                "architecture",
                "high",
                f"The deploy will fail: ValidationException: {kind} failed to satisfy constraint: Member must satisfy "
                "enum value set: [x86_64, arm64]",
                'Set architecture: "x86_64".',
            )
        for what, value, low, high in (
            ("memorySize", function.value("memorySize") or 128, 128, 10_240),
            ("timeout", function.value("timeout") or 3, 1, 900),
        ):
            if not str(value).isdigit() or not low <= int(value) <= high:
                yield function.finding(
                    "out-of-range",
                    "high",
                    f"The deploy will fail: ValidationException: Value '{value}' at '{what}' failed to satisfy "
                    f"constraint ({name})",
                    f"Set it between {low} and {high}.",
                )


def functions_are_alike(rehearsed: Rehearsed) -> Iterator[Finding]:
    """One lock file, one runtime: what differs was built for another, or forgotten."""
    graph = rehearsed.graph
    functions = graph.of_type(FUNCTION)
    kinds = {f.urn: f"{f.value('runtime')} on {', '.join(f.value('architectures') or ['x86_64'])}" for f in functions}
    usual = Counter(kinds.values()).most_common(1)
    for function in functions:
        if kinds[function.urn] != usual[0][0]:
            yield function.finding(
                "unlike-the-others",
                "high",
                f"{label(graph, function)} runs {kinds[function.urn]}, the others {usual[0][0]}: its native modules "
                "may be for the wrong one, and then fail to import",
                "Set runtime and architecture once, in infra/function.ts, and not through transform.",
            )


def names_are_free(rehearsed: Rehearsed) -> Iterator[Finding]:
    """SST's names end in a random suffix; others may be taken, or be left over from a removed stage."""
    graph = rehearsed.graph
    for resource in (*graph.of_type(FUNCTION), *graph.of_type("aws:cloudwatch/logGroup:LogGroup")):
        name = str(resource.inputs.get("name") or "")
        generated = re.search(r"-[a-z]{8}$", name) or "name" in (resource.data.get("options") or {}).get(
            "ignoreChanges", ()
        )
        if name and not generated:
            error = "ResourceConflictException: Function already exist" if resource.type == FUNCTION else "Resource"
            yield resource.finding(
                "fixed-name",
                "medium",
                f"A deploy after a removal may fail: {error}: ResourceAlreadyExistsException: The specified log group "
                f"already exists ({name})",
                "Leave the name to SST.",
            )


def event_sources_exist(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each takes from a queue of ours, alone, and is switched on."""
    graph = rehearsed.graph
    found = graph.of_type(EVENT_SOURCE)
    taken = Counter(str(source.value("eventSourceArn")) for source in found if source.value("enabled") is not False)
    for source in found:
        arn = str(source.value("eventSourceArn"))
        if ":sqs:" in arn and not graph.with_output("arn", arn, QUEUE):
            fault = "event-source-without-queue", "there is no such queue in the stack", "Use the queue's arn output."
        elif function_of(graph, source.value("functionName")) is None:
            fault = (
                "event-source-without-function",
                "its function is none of the stack",
                "Use the function's arn output.",
            )
        elif source.value("enabled") is False:
            fault = "event-source-off", "it is switched off: nothing works the queue", "Set enabled: true."
        elif taken[arn] > 1:
            fault = "queue-with-two-consumers", "another event source takes messages from it too", "Keep one of them."
        else:
            continue
        yield source.finding(fault[0], "critical", f"{source.name} takes from {arn}, and {fault[1]}", fault[2])


def schedules_may_invoke(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A schedule needs a function, a role that may invoke it, and the scheduler's right to that role."""
    graph = rehearsed.graph
    for schedule in graph.of_type(SCHEDULE):
        target = schedule.value("target") or {}
        function = function_of(graph, target.get("arn"))
        role = graph.with_output("arn", target.get("roleArn"), "aws:iam/role:Role") if target.get("roleArn") else None
        if function is None:
            fault = "its target is no function of the stack"
        elif role is None:
            fault = "it has no role"
        elif not allows(statements_of(graph, role), "lambda:InvokeFunction", str(target["arn"])):
            fault = f"its role may not lambda:InvokeFunction on {target['arn']}"
        elif "scheduler.amazonaws.com" not in str(
            [s.get("Principal") for s in document(role.value("assumeRolePolicy"))]
        ):
            fault = "scheduler.amazonaws.com may not assume its role"
        elif schedule.value("state") == "DISABLED":
            fault = "it is switched off"
        else:
            continue
        yield schedule.finding(
            "schedule-cannot-invoke",
            "critical",
            f"{schedule.name} will never run anything: {fault}",
            "Use sst.aws.CronV2 with the function's arn: it makes role and target.",
        )


def functions_are_called(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A function that nothing invokes was meant to be invoked by something."""
    graph = rehearsed.graph
    named = [resource.value(of) for kind, of in CALLERS.items() for resource in graph.of_type(kind)]
    named += [(schedule.value("target") or {}).get("arn") for schedule in graph.of_type(SCHEDULE)]
    called = {id(function_of(graph, name)) for name in named if name}
    for function in graph.of_type(FUNCTION):
        if id(function) not in called:
            yield function.finding(
                "nobody-calls",
                "critical",
                f"Nothing in the stack invokes {label(graph, function)}: no route, event source, schedule or deploy",
                "Add what was to call it, or take it out.",
            )


CHECKS = (
    functions_can_be_made,
    functions_are_alike,
    names_are_free,
    event_sources_exist,
    schedules_may_invoke,
    functions_are_called,
)
