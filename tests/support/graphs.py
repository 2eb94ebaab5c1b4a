"""The graph of a real rehearsal of stage dev, to be changed in memory and judged.

After a change of the stack: ``.venv/bin/python -m tests.support.graphs REHEARSAL`` records that of the rehearsal.
"""

import copy
import gzip
import json
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from deploy_checks.finding import Finding
from stack_graph.graph import Graph, Rehearsed

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "tests" / "infra" / "data" / "graph-dev.json.gz"


class Recorded:
    """The graph's data; ``graph["JobsQueue"]`` are the properties of a resource, inputs and outputs alike."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def __getitem__(self, name: str) -> dict[str, Any]:
        resource = self.resource(name)
        properties: dict[str, Any] = {**resource["inputs"], **resource["outputs"]}
        resource["inputs"] = resource["outputs"] = properties
        return properties

    def resource(self, name: str) -> dict[str, Any]:
        """A resource as the rehearsal wrote it. Components share names with nothing that is looked for here."""
        found: dict[str, Any] = next(resource for resource in self.data["resources"] if resource["name"] == name)
        return found

    def drop(self, *names: str) -> None:
        """Leave resources out."""
        self.data["resources"] = [resource for resource in self.data["resources"] if resource["name"] not in names]

    def add(self, like: str, name: str, **properties: Any) -> None:
        """One more resource like another."""
        twin = copy.deepcopy(self.resource(like))
        twin.update(name=name, urn=f"{twin['urn']}::{name}", id=name)
        twin["inputs"] = twin["outputs"] = {**twin["inputs"], **twin["outputs"], **properties}
        self.data["resources"].append(twin)


@cache
def _text() -> bytes:
    return gzip.decompress(RECORDED.read_bytes())


def recorded(stage: str = "dev") -> Recorded:
    """The recorded graph, as if it were of another stage: with what project.config.ts says of that."""
    graph = Recorded(json.loads(_text()))
    graph.data["stage"] = stage
    if stage != "dev":
        routes = [resource for resource in graph.data["resources"] if resource["type"].endswith("route:Route")]
        for name in [route["name"] for route in routes if route["inputs"]["routeKey"] != "GET /health"]:
            graph[name]["authorizationType"] = "AWS_IAM"
        graph["DatabaseInstance"]["backupRetentionPeriod"] = 7
        graph["ApiApi"]["corsConfiguration"] = {}
    if stage == "production":
        graph["DatabaseInstance"].update(deletionProtection=True, skipFinalSnapshot=False)
        graph["ResultsBucket"]["forceDestroy"] = False
    return graph


def findings(checks: Iterable[Callable[[Rehearsed], Iterable[Finding]]], graph: Recorded) -> list[Finding]:
    """What the checks have to say of a graph."""
    rehearsed = Rehearsed(ROOT, graph.data["stage"], Graph(graph.data), ())
    return [finding for check in checks for finding in check(rehearsed)]


def record(rehearsal: Path) -> None:
    """Keep what the checks look at, in an order that does not change."""
    graph = json.loads((rehearsal / "graph.json").read_text(encoding="utf-8"))
    kept = {name: graph[name] for name in ("app", "stage", "account", "region", "complete", "resources")}
    text = json.dumps({**kept, "invokes": [], "diagnostics": []}, sort_keys=True, separators=(",", ":"))
    RECORDED.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    record(Path(sys.argv[1]))
