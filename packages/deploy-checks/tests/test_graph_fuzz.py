"""No check crashes on unexpected values in a graph: values of other types, or none."""

import copy
import json
import random
import time
from collections.abc import Iterator
from typing import Any

from deploy_checks.checks import every_check, name_of, needs_graph
from stack_graph.graph import Graph, Rehearsed

from tests.support.graphs import ROOT, recorded

SEED = 20261121
SECONDS = 5.0
"""More rounds find more, but the suite waits for them. Most defects show in the first rounds."""
CHANGES_A_ROUND = 12
OTHERS: tuple[Any, ...] = (
    None,
    "text",
    "",
    "[secret]",
    "{",
    "[1]",
    0,
    -1,
    10**12,
    1.5,
    True,
    False,
    [],
    ["text"],
    [None],
    [{}],
    [["text"]],
    {},
    {"key": None},
    {"key": {"key": ["text"]}},
)
"""Replacement values. ``[secret]`` is what the rehearsal writes instead of a secret."""
REMOVED = object()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every nested value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inside:
        yield (*path, key)
        yield from places(below, (*path, key))


def replace(value: Any, path: tuple[Any, ...], other: Any) -> None:
    """Replace a value, unless an earlier change removed it."""
    *way, last = path
    try:
        for key in way:
            value = value[key]
        if other is REMOVED:
            del value[last]
        else:
            value[last] = copy.deepcopy(other)
    except (KeyError, IndexError, TypeError):
        return


def crashes(graph: Graph) -> Iterator[str]:
    """Checks that raise an exception on the graph, each with its error."""
    rehearsed = Rehearsed(ROOT, graph.stage, graph, ())
    for check in every_check():
        if not needs_graph(check):
            continue
        try:
            list(check(rehearsed))
        except Exception as exc:  # noqa: BLE001 - the test collects them
            yield f"{name_of(check)}: {type(exc).__name__}: {exc}"


def test_no_check_crashes_on_values_of_other_types() -> None:
    chosen = random.Random(SEED)  # noqa: S311 - reproducible
    plain = recorded().data
    ways = [
        (number, name, *way)
        for number, resource in enumerate(plain["resources"])
        if resource["type"].startswith(("aws:", "random:"))
        for name in ("inputs", "outputs")
        for way in places(resource[name])
    ]
    text, ends = json.dumps(plain), time.monotonic() + SECONDS
    found: dict[str, list[Any]] = {}
    rounds = 0
    while time.monotonic() < ends:
        rounds += 1
        data = json.loads(text)
        changes = [(chosen.choice(ways), chosen.choice([*OTHERS, REMOVED])) for _ in range(CHANGES_A_ROUND)]
        for (number, name, *way), other in changes:
            replace(data["resources"][number], (name, *way), other)
            other_name = "outputs" if name == "inputs" else "inputs"  # a value is often in both
            replace(data["resources"][number], (other_name, *way), other)
        for crash in crashes(Graph(data)):
            found.setdefault(crash, changes)
    assert not found, f"after {rounds} rounds: {json.dumps(sorted(found), indent=1)}"
