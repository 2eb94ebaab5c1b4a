"""The command ``pre-deploy`` where its packages cannot be installed: says why. Needs Python 3.12 and uv alone.

What is left is to look at the files that uv reads; the rest has to wait until it can read them.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from stack_graph.finding import Finding
from stack_graph.graph import Rehearsed

from deploy_checks import report
from deploy_checks.checks import files_python_version, files_toolchain
from deploy_checks.judging import Verdict, judge
from deploy_checks.uv import run_uv
from deploy_checks.words import speaks_of_network


def main() -> int:
    """The exit status: 1, with findings; 2 where it is not the tree's fault."""
    started = time.monotonic()
    parser = argparse.ArgumentParser(prog="pre-deploy", add_help=False)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--stage", default="")
    parser.add_argument("--json", action="store_true")
    given, _ = parser.parse_known_args()
    verdict = Verdict(given.stage)
    judge(
        Rehearsed.nothing(given.root, given.stage),
        [*files_toolchain.CHECKS, *files_python_version.CHECKS],
        verdict,
        say,
    )
    refused = run_uv(given.root, "sync", "--locked", "--dry-run")
    if not verdict.findings and speaks_of_network(refused.stderr):
        say(f"pre-deploy could not be run: {refused.stderr.strip()}")
        return 2
    if not verdict.findings:
        verdict.findings.append(_unsaid(refused))
    verdict.seconds = time.monotonic() - started
    say(report.for_people(verdict))
    say("NOT CHECKED: everything else. The packages could not be installed.")
    if given.json:
        print(report.for_programs(verdict))  # noqa: T201 - the result
    return verdict.exit_status


def _unsaid(refused: subprocess.CompletedProcess[str]) -> Finding:
    message = f"uv cannot install the packages, so no function can be built:\n{refused.stderr.strip()}"
    return Finding("packages-not-installable", "high", "pyproject.toml", 1, message, "Mend what uv names.")


def say(message: str) -> None:
    """For people: stdout is for the result."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
