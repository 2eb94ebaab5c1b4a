"""The functions: with runtimes that Lambda offers, and all the same."""

import re
from collections import Counter
from collections.abc import Iterator

from stack_graph.graph import Rehearsed, is_python
from stack_graph.lambdas import FUNCTION, architectures, label

from deploy_checks.archive import source_of
from deploy_checks.finding import Finding, finding_at

RUNTIMES = {"python3.10", "python3.11", "python3.12", "python3.13", "python3.14"}
"""Python runtimes for which Lambda still creates functions (2026-11)."""


def functions_can_be_made(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The runtime of every Python handler is one that Lambda offers."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        name, runtime = label(graph, function), function.value("runtime")
        zipped = function.value("packageType") in {None, "Zip"}
        python = is_python(function) or source_of(rehearsed.root, str(function.value("handler")))
        if zipped and python and runtime not in RUNTIMES:
            yield finding_at(
                function,
                "runtime-not-python",
                "critical" if str(runtime).startswith("nodejs") else "high",
                f"{name} has the runtime {runtime}, which is not a Python runtime of Lambda: the deploy fails, or its "
                "handler cannot be imported",
                'Set runtime: "python3.12", as functionSettings.runtime has it.',
            )


def functions_are_alike(rehearsed: Rehearsed) -> Iterator[Finding]:
    """All Python functions have the same runtime and architecture, as there is one lock file."""
    graph = rehearsed.graph
    functions = [one for one in graph.of_type(FUNCTION) if is_python(one)]
    kinds = {f.urn: f"{f.value('runtime')} on {', '.join(architectures(f))}" for f in functions}
    usual = Counter(kinds.values()).most_common(1)
    for function in functions:
        if kinds[function.urn] != usual[0][0]:
            yield finding_at(
                function,
                "unlike-the-others",
                "low",
                f"{label(graph, function)} runs {kinds[function.urn]}, the others {usual[0][0]}: its native modules "
                "may be for the wrong one, and then fail to import",
                "Set runtime and architecture once, in infra/function.ts, and not through transform.",
            )


def names_are_free(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Names have SST's random suffix: fixed names may be taken, also by a removed stage."""
    graph = rehearsed.graph
    for resource in (*graph.of_type(FUNCTION), *graph.of_type("aws:cloudwatch/logGroup:LogGroup")):
        name = str(resource.inputs.get("name") or "")
        generated = re.search(r"-[a-z]{8}$", name) or "name" in (resource.data.get("options") or {}).get(
            "ignoreChanges", ()
        )
        if name and not generated:
            error = "ResourceConflictException: Function already exist" if resource.type == FUNCTION else "Resource"
            yield finding_at(
                resource,
                "fixed-name",
                "medium",
                f"A deploy after a removal may fail: {error}: ResourceAlreadyExistsException: The specified log group "
                f"already exists ({name})",
                "Let SST generate the name.",
            )


CHECKS = (functions_can_be_made, functions_are_alike, names_are_free)
