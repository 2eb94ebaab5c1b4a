"""The command `pre-deploy`."""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from pre_deploy import node_modules, rehearsal, report
from pre_deploy.account import account_checks, unchecked
from pre_deploy.checks import every_check
from pre_deploy.errors import CannotRun
from pre_deploy.graph import Rehearsed
from pre_deploy.judging import Verdict, judge

DESCRIPTION = """\
Say what would go wrong, before a deploy: rehearse it with the real SST and no AWS account, then look at every resource
that it would make, at every archive that it built, and at the repository's files.

Progress and findings go to stderr. Exit status: 0 without a finding, 1 with findings, 2 when it could not be run."""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="pre-deploy", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stage", required=True, metavar="S", help="the stage to be deployed, such as dev")
    parser.add_argument("--json", action="store_true", help="the findings as one JSON object, alone on stdout")
    parser.add_argument("--rehearsal", type=Path, metavar="DIR", help="judge this rehearsal instead of holding one")
    parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")
    given = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        verdict = run(given.root.resolve(), given.stage, given.rehearsal)
    except CannotRun as fault:
        say(f"pre-deploy could not be run: {fault}")
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    say(report.for_people(verdict))
    if given.json:
        print(report.for_programs(verdict))  # noqa: T201 - the result
    return verdict.exit_status


def run(root: Path, stage: str, held: Path | None) -> Verdict:
    """Rehearse, where nobody did, and ask every check."""
    started = time.monotonic()
    if not (root / "sst.config.ts").is_file():
        raise CannotRun(f"there is no sst.config.ts in {root}: give --root, or run this from the repository's root.")
    verdict = Verdict(stage)
    with tempfile.TemporaryDirectory(prefix="pre-deploy-") as temporary:
        directory = held or Path(temporary)
        if held is None:
            node_modules.ensure(root, say)
            say(f"Rehearsing a deploy of {stage}: about 30 s")
            rehearsal.hold(root, stage, directory, say)
            say(f"Rehearsed in {time.monotonic() - started:.1f} s")
        try:
            rehearsed = Rehearsed.read(root, directory)
        except (OSError, ValueError, KeyError) as fault:
            raise CannotRun(f"{directory} holds no rehearsal: {fault}") from fault
        if rehearsed.stage != stage:
            raise CannotRun(f"{directory} holds a rehearsal of stage {rehearsed.stage}, not of {stage}.")
        verdict.findings.extend(rehearsal.findings_of(rehearsed.graph, root))
        say(f"Checking {len(rehearsed.graph.resources)} resources and {len(rehearsed.artifacts)} archives")
        judge(rehearsed, [*every_check(), account_checks], verdict, say)
        for what in unchecked(rehearsed):
            say(f"NOT CHECKED: {what}")
    verdict.seconds = time.monotonic() - started
    return verdict


def say(message: str) -> None:
    """For people: stdout is for the result."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
