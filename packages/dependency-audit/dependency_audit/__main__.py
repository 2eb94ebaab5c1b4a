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
Ask PyPI and npm whether a fault is known of any package that uv.lock and package-lock.json hold.

Exit status: 0 none is known; 1 one is, with the version that mends it; 2 a registry did not answer, so nobody knows."""

CLEAN, KNOWN_FAULT, NOT_CHECKED = 0, 1, 2
ACCEPTED = Path(__file__).with_name("accepted.toml")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="audit", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")
    parser.add_argument(
        "--accepted", type=Path, default=ACCEPTED, metavar="FILE", help="known faults that are accepted"
    )
    given = parser.parse_args(argv)
    exceptions = accepted.read(given.accepted)
    with ThreadPoolExecutor() as together:
        answers = list(together.map(lambda ask: ask(given.root), (python_packages.audit, node_packages.audit)))
    return report(answers, exceptions, datetime.now(UTC).date())


def report(answers: Sequence[Answer], exceptions: Iterable[Accepted], today: date) -> int:
    """Print what is known, the worst last; the exit status."""
    status = CLEAN
    in_force = {one.id for one in exceptions if today <= one.until}
    for answer in answers:
        faults = [fault for fault in answer.advisories if not in_force & {*fault.ids}]
        if faults:
            status = KNOWN_FAULT
        for fault in faults:
            say(f"KNOWN FAULT: {fault}")
        if not faults and not answer.not_checked:
            say(f"{answer.of}: no known fault, {len(answer.advisories)} accepted")
    named = {name for answer in answers for fault in answer.advisories for name in fault.ids}
    unchecked = [answer for answer in answers if answer.not_checked]
    for answer in unchecked:
        say(f"NOT CHECKED: {answer.of}: whether a fault is known of them, nobody has said. {answer.not_checked}")
    if unchecked:
        return status or NOT_CHECKED
    for one in exceptions:
        if one.id not in named:
            say(f"accepted.toml: {one.id} is no fault of what is locked any more: take it out")
            status = KNOWN_FAULT
    return status


def say(line: str) -> None:
    """Standard output is all that the command has to say."""
    sys.stdout.write(f"audit: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
