"""The command behind ./scripts/audit.sh."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

from dependency_audit import accepted, node_packages, python_packages
from dependency_audit.accepted import Accepted
from dependency_audit.answer import Answer

DESCRIPTION = """\
Ask PyPI and npm for known vulnerabilities of every package in uv.lock and package-lock.json.

Exit status: 0 none is known; 1 at least one is, printed with the version that fixes it; 2 a registry did not answer, so
the result is unknown."""

CLEAN, VULNERABLE, NOT_CHECKED = 0, 1, 2
ACCEPTED = Path(__file__).with_name("accepted.toml")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="audit", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")
    parser.add_argument(
        "--accepted", type=Path, default=ACCEPTED, metavar="FILE", help="list of accepted vulnerabilities"
    )
    given = parser.parse_args(argv)
    exceptions = accepted.read(given.accepted)
    with ThreadPoolExecutor() as together:
        answers = list(together.map(lambda ask: ask(given.root), (python_packages.audit, node_packages.audit)))
    return report(answers, exceptions, datetime.now(UTC).date())


def report(answers: Sequence[Answer], exceptions: Iterable[Accepted], today: date) -> int:
    """Print the advisories, then the packages that were not checked. Returns the exit status."""
    status = CLEAN
    in_force = {one.id for one in exceptions if today <= one.until}
    for answer in answers:
        advisories = [advisory for advisory in answer.advisories if not in_force & {*advisory.ids}]
        if advisories:
            status = VULNERABLE
        for advisory in advisories:
            write(f"KNOWN VULNERABILITY: {advisory}")
        if not advisories and not answer.not_checked:
            write(f"{answer.subject}: no known vulnerability, {len(answer.advisories)} accepted")
    named = {name for answer in answers for advisory in answer.advisories for name in advisory.ids}
    unchecked = [answer for answer in answers if answer.not_checked]
    for answer in unchecked:
        write(f"NOT CHECKED: {answer.subject}: their known vulnerabilities could not be read. {answer.not_checked}")
    if unchecked:
        return status or NOT_CHECKED
    for one in exceptions:
        if one.id not in named:
            write(f"accepted.toml: {one.id} affects no locked package any more. Remove the entry.")
            status = VULNERABLE
    return status


def write(line: str) -> None:
    """Print a line of the report on stdout."""
    sys.stdout.write(f"audit: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
