"""The diagram of a stack in Mermaid: a box for each resource of a drawn kind, frames around the VPC and its functions,
and the arrows between them. It holds no physical name, so the same stack gives the same text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stack_graph.graph import Graph, Resource

from stack_docs.arrows import Arrow, arrows_of, models_of
from stack_docs.kinds import BEDROCK, CLIENT, COLOURS, KINDS, Kind, box_of

FUNCTIONS = "functions"
"""The frame around the functions, and the tail of an arrow that starts at each of them."""
ENTITIES = str.maketrans({'"': "#quot;", "<": "#lt;", ">": "#gt;"})
"""Characters that would end a Mermaid label or count as markup."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the diagram."""

    name: str
    kind: Kind
    lines: tuple[str, ...]


def diagram(graph: Graph) -> str:
    """The diagram as a Markdown code block, which GitHub renders."""
    boxes = list(_boxes(graph))
    names = {box.name for box in boxes}
    functions = {box.name for box in boxes if box.kind.group == FUNCTIONS}
    arrows = {arrow for arrow in arrows_of(graph) if {arrow.tail, arrow.head} <= names}
    return "\n".join(
        [
            "```mermaid",
            "flowchart LR",
            *_frame(boxes, "front"),
            'subgraph vpc["VPC: private subnets"]',
            'subgraph functions["Functions"]',
            *_frame(boxes, FUNCTIONS),
            "end",
            *_frame(boxes, "subnets"),
            "end",
            *_frame(boxes, "services"),
            *map(_arrow, sorted(_shared_arrows(arrows, functions))),
            *(f"classDef {name} fill:{fill},stroke:{line},color:#1f2933" for name, (fill, line) in COLOURS.items()),
            "```",
        ]
    )


def _boxes(graph: Graph) -> Iterator[Box]:
    yield Box("client", CLIENT, ("<b>Client</b>",))
    if models := models_of(graph):
        yield Box("bedrock", BEDROCK, _lines(BEDROCK, "", models))
    for type_, kind in KINDS.items():
        resources = sorted(graph.of_type(type_), key=lambda resource: resource.name)
        if kind.together and resources:
            facts = [fact for resource in resources for fact in kind.facts(graph, resource) or [resource.name]]
            yield Box(type_, kind, _lines(kind, "", sorted(facts)))
        elif not kind.together:
            for each in resources:
                facts = [*kind.facts(graph, each), *(f"alarm {name}" for name in _alarms(graph, each))]
                yield Box(box_of(each), kind, _lines(kind, _title(graph, each), facts))


def _lines(kind: Kind, title: str, facts: Iterable[str]) -> tuple[str, ...]:
    """The title in bold, the AWS service below it, and the facts."""
    escaped = [fact.translate(ENTITIES) for fact in facts]
    return (f"<b>{title}</b>", kind.service, *escaped) if title else (f"<b>{kind.service}</b>", *escaped)


def _title(graph: Graph, resource: Resource) -> str:
    """The name of the SST component, where the resource is its main one."""
    component = graph.by_urn.get(resource.parent or "")
    return component.name if component and component.type.startswith("sst:aws:") else resource.name


def _alarms(graph: Graph, resource: Resource) -> list[str]:
    """The alarms with a dimension that names the resource."""
    names = {resource.id, resource.value("name"), resource.value("identifier")}
    alarms = graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    return sorted(a.name for a in alarms if names & {str(value) for value in a.part("dimensions").data.values()})


def _frame(boxes: Iterable[Box], group: str) -> list[str]:
    return [
        f'{_id(box.name)}["{"<br/>".join(box.lines)}"]:::{box.kind.colour}' for box in boxes if box.kind.group == group
    ]


def _shared_arrows(arrows: set[Arrow], functions: set[str]) -> set[Arrow]:
    """The arrows, with one from the frame in place of the same arrow from every function."""
    shared = {
        arrow
        for arrow in arrows
        if arrow.tail in functions and {arrow._replace(tail=name) for name in functions} <= arrows
    }
    return arrows - shared | {arrow._replace(tail=FUNCTIONS) for arrow in shared}


def _arrow(arrow: Arrow) -> str:
    label = f'|"{arrow.label.translate(ENTITIES)}"|' if arrow.label else ""
    return f"{_id(arrow.tail)} -->{label} {_id(arrow.head)}"


def _id(name: str) -> str:
    """A Mermaid identifier: names of types have colons and slashes."""
    return re.sub(r"\W", "_", name)
