"""The command `stack-costs`."""

import argparse
import sys
from pathlib import Path

from stack_graph.graph import Graph

from stack_costs.prices import Unpriced
from stack_costs.table import bill_of, for_people, for_programs

DESCRIPTION = """\
Say what stages cost, from their rehearsals: in a month when nobody calls, and for 1,000 analyses.

Exit status: 0, or 2 when something in a stage has no price."""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="stack-costs", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "rehearsal", nargs="+", type=Path, help="what packages/deploy-rehearsal/cli.ts --out wrote, a stage each"
    )
    parser.add_argument("--json", action="store_true", help="every line with its quantity and its price, as JSON")
    given = parser.parse_args(argv)
    try:
        bills = [bill_of(Graph.read(directory / "graph.json")) for directory in given.rehearsal]
    except (OSError, Unpriced) as fault:
        print(f"stack-costs: {fault}", file=sys.stderr)  # noqa: T201 - a command
        return 2
    print(for_programs(bills) if given.json else for_people(bills))  # noqa: T201 - the result
    return 0


if __name__ == "__main__":
    sys.exit(main())
