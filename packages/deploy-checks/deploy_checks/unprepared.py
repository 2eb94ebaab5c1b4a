"""The command ``pre-deploy`` when the Python packages cannot be installed: reports why. Needs Python 3.12 and uv alone.

Only the files that uv reads are checked.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from stack_graph.graph import Rehearsed

from deploy_checks import report
from deploy_checks.checks import files_python_version, files_toolchain
from deploy_checks.finding import Finding
from deploy_checks.output import mentions_network
from deploy_checks.run_checks import Report, run_checks
from deploy_checks.uv import run_uv


def main() -> int:
    """Run the command and return its exit status: 1 with findings, 2 if the network, not the tree, is the cause."""
    started = time.monotonic()
    parser = argparse.ArgumentParser(prog="pre-deploy", add_help=False)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--stage", default="")
    parser.add_argument("--json", action="store_true")
    options, _ = parser.parse_known_args()
    result = Report(options.stage)
    checks = [*files_toolchain.CHECKS, *files_python_version.CHECKS]
    run_checks(Rehearsed.nothing(options.root, options.stage), checks, result, log)
    refused = run_uv(options.root, "sync", "--locked", "--dry-run")
    if not result.findings and mentions_network(refused.stderr):
        log(f"pre-deploy could not be run: {refused.stderr.strip()}")
        return 2
    if not result.findings:
        result.findings.append(_unexplained(refused))
    result.seconds = time.monotonic() - started
    log(report.as_text(result))
    log("NOT CHECKED: everything else. The packages could not be installed.")
    if options.json:
        print(report.as_json(result))  # noqa: T201 - the result
    return result.exit_status


def _unexplained(refused: subprocess.CompletedProcess[str]) -> Finding:
    message = f"uv cannot install the packages, so no function can be built:\n{refused.stderr.strip()}"
    return Finding("packages-not-installable", "high", "pyproject.toml", 1, message, "Fix the error that uv reports.")


def log(message: str) -> None:
    """Print progress to stderr: stdout is for the result."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
