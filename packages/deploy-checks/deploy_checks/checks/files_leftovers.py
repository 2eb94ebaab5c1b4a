"""Leftover code: for an older event format, or from debugging."""

import ast
from collections.abc import Iterator

from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_imports import sources, tree_of
from deploy_checks.finding import Finding
from deploy_checks.subjects import product

VERSION_1 = {"httpMethod", "multiValueHeaders"}
"""Keys that only payload format 1.0 has."""


def payload_version(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No code reads payload format 1.0: the HTTP API sends 2.0."""
    for file, path in sources(rehearsed.root):
        for node in ast.walk(tree_of(path)):
            if (
                isinstance(node, ast.Subscript)
                and isinstance(node.slice, ast.Constant)
                and node.slice.value in VERSION_1
            ):
                message = (
                    f'event["{node.slice.value}"] is of payload format 1.0; the API sends 2.0: KeyError on each call'
                )
                fix = 'Read routeKey and requestContext["http"]'
                yield Finding("payload-format-one", "critical", file, node.lineno, message, fix)


def debugging(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No breakpoints, debuggers or print calls are left in the code."""
    for file, path in sources(rehearsed.root):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("breakpoint", "pdb.set_trace"):
                message = "A breakpoint: Lambda has no terminal, and the call fails with BdbQuit"
                yield Finding("debugger-left", "high", file, node.lineno, message, "Remove it")
            elif isinstance(node, ast.Import) and {alias.name for alias in node.names} & {"pdb", "ipdb"}:
                message = "A debugger is imported"
                yield Finding("debugger-left", "high", file, node.lineno, message, "Remove it")
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
                message = "print() writes to CloudWatch without a level or a job id: no filter finds it"
                yield Finding("print-left", "low", file, node.lineno, message, "Write a structured log event instead")


ABOUT = product
CHECKS = (payload_version, debugging)
