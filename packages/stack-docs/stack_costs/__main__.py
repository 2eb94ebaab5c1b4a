"""The command ``stack-costs``."""

import argparse
import sys
from pathlib import Path

from stack_graph.errors import CannotRun
from stack_graph.graph import Graph

from stack_costs.prices import Unpriced
from stack_costs.table import bill_of, for_people, for_programs

DESCRIPTION = """\
Print the costs of stages from their rehearsals: a month without requests, and 1,000 analyses.

Exit status: 0, or 2 when a part of a stage has no price."""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="stack-costs", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "rehearsal", nargs="+", type=Path, help="directory that packages/deploy-rehearsal/cli.ts --out wrote"
    )
    parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")
    parser.add_argument("--json", action="store_true", help="print every line with its quantity and price, as JSON")
    given = parser.parse_args(argv)
    try:
        bills = [bill_of(Graph.read(directory / "graph.json"), given.root.resolve()) for directory in given.rehearsal]
    except (CannotRun, OSError, Unpriced) as exc:
        print(f"stack-costs: {exc}", file=sys.stderr)  # noqa: T201 - a command
        return 2
    print(for_programs(bills) if given.json else for_people(bills))  # noqa: T201 - the result
    return 0


if __name__ == "__main__":
    sys.exit(main())
