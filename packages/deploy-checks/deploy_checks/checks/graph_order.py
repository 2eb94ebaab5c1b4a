"""The order of the deploy: functions that it invokes have their dependencies, and releases wait for migrations."""

import json
from collections.abc import Iterator

from stack_graph.graph import Graph, Rehearsed, Resource
from stack_graph.lambdas import DATABASE, FUNCTION, SECRET, calls, function_of, label, targets, variables
from stack_graph.vpc import endpoints, subnets

from deploy_checks.finding import Finding, finding_at

INVOCATION = "aws:lambda/invocation:Invocation"
SECRET_VALUE = "aws:secretsmanager/secretVersion:SecretVersion"  # noqa: S105 - a type of resource


def before(graph: Graph, resource: Resource) -> set[str]:
    """URNs of all resources that are created before a resource."""
    found: set[str] = set()
    todo = [resource]
    while todo:
        for urn in todo.pop().data.get("dependencies") or ():
            if urn not in found:
                found.add(urn)
                todo += [graph.by_urn[urn]] if urn in graph.by_urn else []
    return found


def invocations_find_what_they_need(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A function that the deploy invokes waits for the database, the secret's value and the endpoints to both."""
    graph = rehearsed.graph
    for invocation in graph.of_type(INVOCATION):
        function = function_of(graph, invocation.value("functionName"))
        if function is None:
            yield finding_at(
                invocation,
                "invocation-of-nothing",
                "high",
                "The deploy will fail: ResourceNotFoundException: Function not found: "
                f"{invocation.value('functionName')}",
                "Name a function that the program creates.",
            )
            continue
        if not _is_json(invocation.value("input")):
            yield finding_at(
                invocation,
                "invocation-input",
                "high",
                "The deploy will fail: InvalidRequestContentException: Could not parse request body into json "
                f"({invocation.name})",
                'Give it JSON, such as input: "{}".',
            )
        created = before(graph, invocation)
        for needed in _needed(rehearsed, function):
            if needed.urn not in created:
                yield finding_at(
                    invocation,
                    "invocation-too-early",
                    "high",
                    f"The first deploy may fail, depending on timing: {invocation.name} invokes "
                    f"{label(graph, function)} without waiting for {needed.name}, which it needs",
                    f"Add {needed.name}, or the component that creates it, to the dependsOn of {invocation.name}.",
                )


def _is_json(text: object) -> bool:
    try:
        json.loads(str(text))
    except ValueError:
        return False
    return True


def _needed(rehearsed: Rehearsed, function: Resource) -> Iterator[Resource]:
    graph, host = rehearsed.graph, variables(function).get("DB_HOST")
    yield from (database for database in graph.of_type(DATABASE) if database.value("address") == host)
    secrets = [secret.value("arn") for secret in targets(graph, function, "secretsmanager") if secret.type == SECRET]
    yield from (value for value in graph.of_type(SECRET_VALUE) if value.value("secretId") in secrets)
    for service in {call.service for call in calls(rehearsed.root, function)}:
        for subnet in subnets(graph, function)[:1]:
            yield from endpoints(graph, service, subnet.value("vpcId"))


def releases_wait_for_the_schema(rehearsed: Rehearsed) -> Iterator[Finding]:
    """New code is released after the migrations that it needs."""
    graph = rehearsed.graph
    invocations = graph.of_type(INVOCATION)
    invoked = [function_of(graph, invocation.value("functionName")) for invocation in invocations]
    migrators = [f for f in invoked if f and "migrat" in str(f.value("handler"))]
    users = [f for f in graph.of_type(FUNCTION) if "DB_HOST" in variables(f)]
    if users and not migrators:
        place = next((f for f in users if "migrat" in str(f.value("handler"))), users[0])
        yield finding_at(
            place,
            "schema-never-applied",
            "critical",
            'The deploy succeeds, and no migration is applied: relation "jobs" does not exist',
            "Invoke the migrator on deploy, as infra/migration.ts does.",
        )
    for invocation in (one for one, of in zip(invocations, invoked, strict=True) if of in migrators):
        if not invocation.part("triggers").data:
            yield finding_at(
                invocation,
                "migration-not-triggered",
                "critical",
                f"Only the first deploy runs {invocation.name}: its input never changes, so new "
                "migrations are never applied, and the code's statements fail",
                "Give it triggers that change with the migrations, such as a hash of their files.",
            )
    for function in users if migrators else ():
        waits = before(graph, function) & {invocation.urn for invocation in invocations}
        if function not in migrators and not waits:
            yield finding_at(
                function,
                "release-before-migration",
                "critical",
                f"{label(graph, function)} is released before or during the migration of the database: its "
                "statements fail until then",
                "Release it after the migration: afterMigration(migration).",
            )


CHECKS = (invocations_find_what_they_need, releases_wait_for_the_schema)
