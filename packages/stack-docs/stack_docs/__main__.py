"""The command ``stack-docs``."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy_checks import node_modules, rehearsal
from stack_costs.prices import Unpriced
from stack_costs.table import bill_of, for_people
from stack_graph import wiring
from stack_graph.errors import CannotRun
from stack_graph.graph import Graph
from stack_graph.stages import stage_names

from stack_docs.diagram import diagram

DESCRIPTION = """\
Write the files that are generated from the stack: infra/wiring.json, which the local stack runs, the diagram in
docs/architecture.md, and the cost tables in docs/costs.md. Every stage is rehearsed first, without an AWS account.

Exit status: 0; 1 when --check finds a stale file; 2 when the command could not run."""


def cost_tables(graphs: Sequence[Graph], root: Path) -> str:
    """The costs of all stages side by side. Raises Unpriced and CannotRun."""
    return for_people([bill_of(graph, root) for graph in graphs])


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page that this command writes, between two comments."""

    page: str
    marker: str
    write: Callable[[Sequence[Graph], Path], str]

    @property
    def opening(self) -> str:
        return f"<!-- {self.marker}: made by ./scripts/stack-docs.sh -->"

    @property
    def closing(self) -> str:
        return f"<!-- /{self.marker} -->"


BLOCKS = (
    Block("docs/architecture.md", "stack", lambda graphs, _: diagram(representative(graphs))),
    Block("docs/costs.md", "costs", cost_tables),
)
"""The costs come last: a resource without a price then still leaves the wiring and the diagram up to date."""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="stack-docs", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; report which files are stale")
    parser.add_argument(
        "--rehearsals", type=Path, metavar="DIR", help="keep the rehearsals there, and reuse those that it has"
    )
    parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")
    given = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    root: Path = given.root.resolve()
    try:
        with tempfile.TemporaryDirectory(prefix="stack-docs-") as temporary:
            graphs = _rehearsed(root, (given.rehearsals or Path(temporary)).resolve())
        stale = [name for name, text in documents(root, graphs) if _is_stale(root, name, text, given.check)]
    except (CannotRun, Unpriced, OSError) as exc:
        report(f"stack-docs could not run: {exc}")
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 1 if stale and given.check else 0


def documents(root: Path, graphs: Mapping[str, Graph]) -> Iterator[tuple[str, str]]:
    """Each generated file with its new text."""
    stages = list(graphs.values())
    yield "infra/wiring.json", wiring.text(representative(stages))
    for block in BLOCKS:
        yield block.page, between_markers(_read(root / block.page), block, block.write(stages, root))


def representative(graphs: Sequence[Graph]) -> Graph:
    """The graph of the development stage: the others differ from it in sizes only."""
    return next((graph for graph in graphs if graph.development), graphs[0])


def _is_stale(root: Path, name: str, text: str, check: bool) -> bool:
    """Whether the file had another text. Unless this is a check, it is regenerated."""
    if _read(root / name) == text:
        report(f"{name} is up to date")
        return False
    if check:
        report(f"{name} is stale: the stack has changed. Run ./scripts/stack-docs.sh to regenerate it.")
    else:
        (root / name).write_text(text, encoding="utf-8")
        report(f"{name} was regenerated")
    return True


def between_markers(page: str, block: Block, content: str) -> str:
    """The page with the content between the block's markers. Raises CannotRun."""
    before, opened, rest = page.partition(block.opening)
    _, closed, after = rest.partition(block.closing)
    if not opened or not closed:
        raise CannotRun(f"{block.page} lacks the markers {block.opening} and {block.closing}. Add both.")
    return f"{before}{opened}\n{content}\n{closed}{after}"


def _rehearsed(root: Path, directory: Path) -> dict[str, Graph]:
    graphs = {}
    node_modules.ensure(root, report)
    for stage in stage_names(root):
        if not (directory / stage / "graph.json").is_file():
            report(f"Rehearsing a deploy of {stage}: about 20 s")
            rehearsal.run_rehearsal(root, stage, directory / stage, lambda _: None)
        graphs[stage] = Graph.read(directory / stage / "graph.json")
        if not graphs[stage].data.get("complete"):
            raise CannotRun(
                f"a deploy of {stage} would fail. ./scripts/pre-deploy.sh --stage {stage} reports the reason."
            )
    if not graphs:
        raise CannotRun(f"{root / 'project.config.ts'} has no stages.")
    return graphs


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def report(message: str) -> None:
    """Print a message for people. Stdout stays empty."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
