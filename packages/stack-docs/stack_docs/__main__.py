"""The command `stack-docs`."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy_checks import node_modules, rehearsal
from stack_costs.prices import Unpriced
from stack_costs.table import bill_of, for_people
from stack_graph import wiring
from stack_graph.errors import CannotRun
from stack_graph.graph import Graph
from stack_graph.stages import stage_names
from stack_picture.__main__ import svg

DESCRIPTION = """\
Make what is made from the stack: infra/wiring.json, which the local stack runs, the picture infra/stack.svg, and the
cost table in docs/costs.md. Every stage is rehearsed for it, without an AWS account.

Exit status: 0; with --check 1 when something is stale; 2 when it could not be run."""

COSTS = "docs/costs.md"
MARKERS = ("<!-- costs: made by ./scripts/stack-docs.sh -->", "<!-- /costs -->")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="stack-docs", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; say what is stale")
    parser.add_argument("--rehearsals", type=Path, metavar="DIR", help="keep the rehearsals there, or use those in it")
    parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")
    given = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    root: Path = given.root.resolve()
    try:
        with tempfile.TemporaryDirectory(prefix="stack-docs-") as temporary:
            graphs = _rehearsed(root, (given.rehearsals or Path(temporary)).resolve())
        stale = [name for name, text in documents(root, graphs) if _is_stale(root, name, text, given.check)]
    except (CannotRun, Unpriced, OSError) as fault:
        say(f"stack-docs could not be run: {fault}")
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 1 if stale and given.check else 0


def documents(root: Path, graphs: Mapping[str, Graph]) -> Iterator[tuple[str, str]]:
    """Each file with what belongs into it. `dev` stands for all where they differ in sizes alone.

    The costs come last: where something has no price yet, the local stack gets its wiring all the same.
    """
    shown = next((graph for graph in graphs.values() if graph.development), next(iter(graphs.values())))
    yield "infra/wiring.json", wiring.text(shown)
    yield "infra/stack.svg", svg(shown)
    bills = [bill_of(graph) for graph in graphs.values()]
    yield COSTS, between_markers(_written(root / COSTS), for_people(bills))


def _is_stale(root: Path, name: str, text: str, check: bool) -> bool:
    """Whether the file held something else; it is made anew, unless only that was asked."""
    if _written(root / name) == text:
        say(f"{name} is fresh")
        return False
    if check:
        say(f"{name} is stale, the stack is another now. Make it again: ./scripts/stack-docs.sh")
    else:
        (root / name).write_text(text, encoding="utf-8")
        say(f"{name} is made anew")
    return True


def between_markers(text: str, table: str) -> str:
    """The text with the table at its place."""
    before, opened, rest = text.partition(MARKERS[0])
    _, closed, after = rest.partition(MARKERS[1])
    if not opened or not closed:
        raise CannotRun(f"{COSTS} has no place for the costs: put {MARKERS[0]} and {MARKERS[1]} where they belong.")
    return f"{before}{opened}\n{table}\n{closed}{after}"


def _rehearsed(root: Path, directory: Path) -> dict[str, Graph]:
    graphs = {}
    node_modules.ensure(root, say)
    for stage in stage_names(root):
        if not (directory / stage / "graph.json").is_file():
            say(f"Rehearsing a deploy of {stage}: about 20 s")
            rehearsal.run_rehearsal(root, stage, directory / stage, lambda _: None)
        graphs[stage] = Graph.read(directory / stage / "graph.json")
        if not graphs[stage].data.get("complete"):
            raise CannotRun(f"a deploy of {stage} would fail: ./scripts/pre-deploy.sh --stage {stage} says why.")
    if not graphs:
        raise CannotRun(f"there are no stages in {root / 'project.config.ts'}.")
    return graphs


def _written(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def say(message: str) -> None:
    """For people: stdout stays empty."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
