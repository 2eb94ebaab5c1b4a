"""Made-up values of a graph: those that only the account has, such as the id of a zone that exists."""

from collections.abc import Iterator
from typing import Any

from stack_graph.graph import Graph, listed

SHORTEST = 9
"""Characters of a text that is found again in others: "1" and "ACTIVE" are everywhere."""
FIXED = ("2026-01-01T00:00:00Z", '{"Version":"2012-10-17","Statement":[]}')
"""Texts that are the same wherever the rehearsal makes them up."""


def invented(graph: Graph) -> dict[str, str]:
    """Each made-up text, with the output or look-up that it stands for and the line that asks for it."""
    found: dict[str, str] = {}
    for resource in graph.resources:
        for name, value in resource.invented.items():
            for text in _texts(value):
                found[text] = f"{name} of {resource.type} {resource.name} at {resource.file}:{resource.line}"
    for look_up in listed(graph.data.get("invokes")):
        place = look_up.get("sourcePosition") or {"file": "sst.config.ts", "line": 1}
        for name, value in look_up.get("invented", {}).items():
            for text in _texts(value):
                found[text] = f"{name} of {look_up['token']} at {place['file']}:{place['line']}"
    known = {graph.account, graph.region, *FIXED}
    return {text: source for text, source in found.items() if len(text) >= SHORTEST and text not in known}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
