"""From the graph to DOT, Graphviz's language: a box for each resource of a kind that is drawn, a frame around those of
the VPC, and the arrows between them. The same stack gives the same text: no physical name is in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from stack_graph.graph import Graph, Resource

from stack_picture.arrows import Arrow, arrows_of, models_of
from stack_picture.kinds import BEDROCK, CLIENT, KINDS, Kind, box_of

INK, PALE, WARNING = "#1f2933", "#5c6670", "#b83232"
HEAD = f"""\
digraph stack {{
rankdir=LR; mclimit=10; compound=true; bgcolor="#ffffff"; pad=0.25; nodesep=0.2; ranksep=0.75;
fontname="Helvetica"; fontsize=13; fontcolor="{PALE}"; labeljust=l;
node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=13, fontcolor="{INK}", penwidth=1.3];
edge [fontname="Helvetica", fontsize=10, fontcolor="{INK}", color="{PALE}", arrowsize=0.7];"""
VPC = (
    'subgraph cluster_vpc { label="VPC: private subnets"; style="rounded,filled"; color="#9aa5b1"; fillcolor="#f4f7fa";'
)
FUNCTIONS = 'subgraph cluster_functions { label=""; style="rounded,dashed"; color="#c8691c";'


def dot(graph: Graph) -> str:
    """The picture. An arrow from the frame around the functions stands for one from each of them."""
    groups = _boxes(graph)
    group_of = {name: group for group, boxes in groups.items() for name in boxes}
    arrows = sorted({arrow for arrow in arrows_of(graph) if {arrow.tail, arrow.head} <= group_of.keys()})
    functions = list(groups["functions"])
    lines = [HEAD, *groups["front"].values(), VPC, FUNCTIONS, *groups["functions"].values(), "}"]
    lines += [*groups["subnets"].values(), "}", *groups["services"].values()]
    for arrow in arrows:
        of_all = arrow.tail in functions and {arrow._replace(tail=name) for name in functions} <= set(arrows)
        if not of_all or arrow.tail == functions[0]:
            tail, head = group_of[arrow.tail], group_of[arrow.head]
            lines.append(_arrow(arrow, of_all, _are_beside(tail, head)))
            if tail == head == "services":  # in one column, one above the other
                lines.append(f'{{ rank=same; "{arrow.tail}"; "{arrow.head}"; }}')
    return "\n".join([*lines, *_held(arrows, group_of), "}"]) + "\n"


def _are_beside(tail: str, head: str) -> bool:
    """Whether an arrow between groups does not lead further right."""
    return head == "subnets" or tail == head == "services"


def _held(arrows: list[Arrow], group_of: Mapping[str, str]) -> Iterator[str]:
    """Invisible arrows to what no arrow leads right to: those hold it in its column."""
    led_to = {arrow.head for arrow in arrows if group_of[arrow.head] != "subnets"}
    callers = [
        arrow.tail for arrow in arrows if group_of[arrow.tail] == "front" and group_of[arrow.head] == "functions"
    ]
    functions = [name for name, group in group_of.items() if group == "functions"]
    first = True
    for name, group in group_of.items():
        if group == "subnets" and callers:
            # The database above the functions, the ways out below them.
            yield f'"{callers[0 if first else -1]}" -> "{name}" [style=invis];'
            first = False
        elif group == "services" and name not in led_to and functions:
            yield f'"{functions[-1]}" -> "{name}" [style=invis];'


def _boxes(graph: Graph) -> dict[str, dict[str, str]]:
    """DOT by name, by group."""
    boxes: dict[str, dict[str, str]] = {group: {} for group in ("front", "functions", "subnets", "services")}

    def add(name: str, kind: Kind, title: str, facts: Iterable[str], alarms: Iterable[str] = ()) -> None:
        boxes[kind.group][name] = _box(name, kind, title, facts, alarms)

    add("client", CLIENT, "Client", [])
    if models := models_of(graph):
        add("bedrock", BEDROCK, "", models)
    for type_, kind in KINDS.items():
        resources = sorted(graph.of_type(type_), key=lambda resource: resource.name)
        if kind.together and resources:
            facts = [fact for resource in resources for fact in kind.facts(graph, resource) or [resource.name]]
            add(type_, kind, "", sorted(facts))
        elif not kind.together:
            for each in resources:
                add(box_of(each), kind, _title(graph, each), kind.facts(graph, each), _alarms(graph, each))
    return boxes


def _title(graph: Graph, resource: Resource) -> str:
    """What a person called it: the name of the SST component, where it is its main resource."""
    component = graph.by_urn.get(resource.parent or "")
    return component.name if component and component.type.startswith("sst:aws:") else resource.name


def _alarms(graph: Graph, resource: Resource) -> list[str]:
    """The alarms on a resource: a dimension of theirs names it."""
    names = {resource.id, resource.value("name"), resource.value("identifier")}
    alarms = graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    return sorted(a.name for a in alarms if names & {str(value) for value in a.part("dimensions").data.values()})


def _box(name: str, kind: Kind, title: str, facts: Iterable[str], alarms: Iterable[str]) -> str:
    small = '<FONT POINT-SIZE="10" COLOR="{}">{}</FONT>'
    rows = [small.format(kind.border, escape(kind.service)), f"<B>{escape(title)}</B>"]
    if not title or not kind.service:
        rows = [f"<B>{escape(title or kind.service)}</B>"]
    rows += [small.format(INK, escape(fact)) for fact in facts]
    rows += [small.format(WARNING, escape(f"alarm {alarm}")) for alarm in alarms]
    table = "".join(f"<TR><TD>{row}</TD></TR>" for row in rows)
    label = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{table}</TABLE>'
    return f'"{name}" [label=<{label}>, fillcolor="{kind.fill}", color="{kind.border}"];'


def _arrow(arrow: Arrow, of_all: bool, beside: bool) -> str:
    more = (", ltail=cluster_functions" if of_all else "") + (", constraint=false" if beside else "")
    return f'"{arrow.tail}" -> "{arrow.head}" [label="{arrow.label}"{more}];'
