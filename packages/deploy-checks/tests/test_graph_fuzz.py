"""No check crashes on what a graph may hold: values of another type than meant, or none at all."""

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
"""More rounds find more, and everybody waits for them: a fault in a check that is asked often shows in the first."""
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
"""What stands in a value's place. ``[secret]`` is how the rehearsal writes a secret."""
GONE = object()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inside:
        yield (*path, key)
        yield from places(below, (*path, key))


def replace(value: Any, path: tuple[Any, ...], other: Any) -> None:
    """Put another in a value's place, where a change further up has left that place."""
    *way, last = path
    try:
        for key in way:
            value = value[key]
        if other is GONE:
            del value[last]
        else:
            value[last] = copy.deepcopy(other)
    except (KeyError, IndexError, TypeError):
        return


def crashes(graph: Graph) -> Iterator[str]:
    """The checks of the graph that do not come to an end."""
    rehearsed = Rehearsed(ROOT, graph.stage, graph, ())
    for check in every_check():
        if not needs_graph(check):
            continue
        try:
            list(check(rehearsed))
        except Exception as fault:  # noqa: BLE001 - that is the question
            yield f"{name_of(check)}: {type(fault).__name__}: {fault}"


def test_no_check_crashes_on_values_of_other_types() -> None:
    chosen = random.Random(SEED)  # noqa: S311 - the same each time
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
        changes = [(chosen.choice(ways), chosen.choice([*OTHERS, GONE])) for _ in range(CHANGES_A_ROUND)]
        for (number, name, *way), other in changes:
            replace(data["resources"][number], (name, *way), other)
            other_name = "outputs" if name == "inputs" else "inputs"  # a value is often in both
            replace(data["resources"][number], (other_name, *way), other)
        for crash in crashes(Graph(data)):
            found.setdefault(crash, changes)
    assert not found, f"after {rounds} rounds: {json.dumps(sorted(found), indent=1)}"
