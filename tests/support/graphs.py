"""Graphs of real rehearsals of the stage ``dev``, for tests that change them in memory and run checks on them.

After a change of the stack, ``.venv/bin/python -m tests.support.graphs REHEARSAL`` records the graph of a rehearsal.
``... REHEARSAL first-week`` records one of the stack with what ``tests/mutations/first_week.py`` adds, and
``... REHEARSAL components`` one of the app in ``ANOTHER_APP``.
"""

import copy
import gzip
import inspect
import json
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from deploy_checks.checks import Check
from deploy_checks.finding import Finding
from deploy_checks.rules import Rule
from stack_graph.graph import Graph, Rehearsed

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "tests" / "infra" / "data"
ANOTHER_APP = ROOT / "packages" / "deploy-rehearsal" / "fixtures" / "components"


class Recorded:
    """The data of a graph. ``graph["JobsQueue"]`` returns the properties of a resource, inputs and outputs merged."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def __getitem__(self, name: str) -> dict[str, Any]:
        resource = self.resource(name)
        properties: dict[str, Any] = {**resource["inputs"], **resource["outputs"]}
        resource["inputs"] = resource["outputs"] = properties
        return properties

    def resource(self, name: str) -> dict[str, Any]:
        """A resource as the rehearsal wrote it. Components have no names that these tests use."""
        found: dict[str, Any] = next(resource for resource in self.data["resources"] if resource["name"] == name)
        return found

    def drop(self, *names: str) -> None:
        """Remove resources."""
        self.data["resources"] = [resource for resource in self.data["resources"] if resource["name"] not in names]

    def add(self, like: str, name: str, **properties: Any) -> None:
        """Add a copy of a resource, with other properties."""
        twin = copy.deepcopy(self.resource(like))
        twin.update(name=name, urn=f"{twin['urn']}::{name}", id=name)
        twin["inputs"] = twin["outputs"] = {**twin["inputs"], **twin["outputs"], **properties}
        self.data["resources"].append(twin)


@cache
def _text(name: str) -> bytes:
    return gzip.decompress((RECORDED / f"graph-{name}.json.gz").read_bytes())


def first_week() -> Recorded:
    """The recorded graph of the stack with what a team adds in its first week."""
    return Recorded(json.loads(_text("first-week")))


def another_app() -> Recorded:
    """The recorded graph of the app in ``ANOTHER_APP``, which has none of the product."""
    return Recorded(json.loads(_text("components")))


def recorded(stage: str = "dev") -> Recorded:
    """The recorded graph, with the settings that project.config.ts has for the stage."""
    graph = Recorded(json.loads(_text("dev")))
    graph.data["stage"] = stage
    if stage != "dev":
        routes = [resource for resource in graph.data["resources"] if resource["type"].endswith("route:Route")]
        for name in [route["name"] for route in routes if not route["inputs"]["routeKey"].endswith(" /health")]:
            graph[name]["authorizationType"] = "AWS_IAM"
        graph["DatabaseInstance"]["backupRetentionPeriod"] = 7
        graph.add("Alarms", "AlarmsEmail", topic=graph["Alarms"]["arn"], endpoint="alarms@example.com")
        graph.resource("AlarmsEmail")["type"] = "aws:sns/topicSubscription:TopicSubscription"
        graph["ApiApi"]["corsConfiguration"] = {}
    if stage == "production":
        graph["DatabaseInstance"].update(deletionProtection=True, skipFinalSnapshot=False)
        graph["ResultsBucket"]["forceDestroy"] = False
        for secret in ("ApiCredentials", "WorkerCredentials", "DatabaseProxySecret"):
            graph[secret]["recoveryWindowInDays"] = 30
    return graph


def findings(checks: Iterable[Check], graph: Recorded) -> list[Finding]:
    """Findings of the checks in a graph."""
    rehearsed = Rehearsed(ROOT, graph.data["stage"], Graph(graph.data), ())
    return [verdict for check in checks for verdict in check(rehearsed) if isinstance(verdict, Finding)]


def findings_of(rule: Rule, checks: Sequence[Check], graph: Recorded) -> list[Finding]:
    """Findings of one rule in a graph.

    Cases are many, so the checks of modules that name the rule run first, and the others only if these find nothing.
    """
    for some in (checks_naming(rule, checks), checks):
        if found := [finding for finding in findings(some, graph) if finding.id == rule]:
            return found
    return []


def checks_naming(rule: Rule, checks: Sequence[Check]) -> list[Check]:
    """The checks in modules that name the rule."""
    return [check for check in checks if _names(check.__module__, rule)]


@cache
def _names(module: str, rule: Rule) -> bool:
    return f'"{rule}"' in inspect.getsource(sys.modules[module])


def record(rehearsal: Path, name: str = "dev") -> None:
    """Record the part of a graph that the checks read, in a stable order."""
    graph = json.loads((rehearsal / "graph.json").read_text(encoding="utf-8"))
    kept = {name: graph[name] for name in ("app", "stage", "account", "region", "complete", "resources")}
    asked = [look_up for look_up in graph["invokes"] if look_up["invented"]]
    text = json.dumps({**kept, "invokes": asked, "diagnostics": []}, sort_keys=True, separators=(",", ":"))
    (RECORDED / f"graph-{name}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    record(Path(sys.argv[1]), *sys.argv[2:])
