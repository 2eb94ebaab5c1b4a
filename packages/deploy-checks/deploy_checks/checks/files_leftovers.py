"""Code of another time: written for an older event, or left behind while looking for a fault."""

import ast
from collections.abc import Iterator

from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_imports import sources, tree_of
from deploy_checks.finding import Finding

VERSION_1 = {"httpMethod", "multiValueHeaders"}
"""What only payload format 1.0 has."""


def payload_version(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The HTTP API sends payload format 2.0."""
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
    """What somebody left behind while looking for a fault."""
    for file, path in sources(rehearsed.root):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("breakpoint", "pdb.set_trace"):
                message = "A breakpoint: on Lambda there is nobody to answer, and the call fails with BdbQuit"
                yield Finding("debugger-left", "high", file, node.lineno, message, "Remove it")
            elif isinstance(node, ast.Import) and {alias.name for alias in node.names} & {"pdb", "ipdb"}:
                message = "A debugger is imported"
                yield Finding("debugger-left", "high", file, node.lineno, message, "Remove it")
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
                message = "print() writes into CloudWatch what no filter sees: no level, no job id, perhaps a document"
                yield Finding(
                    "print-left", "low", file, node.lineno, message, "Use pipeline.platform.observability.log"
                )


CHECKS = (payload_version, debugging)
