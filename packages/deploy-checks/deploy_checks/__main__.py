"""The command `pre-deploy`."""

import argparse
import signal
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack_graph.errors import CannotRun
from stack_graph.graph import Rehearsed

from deploy_checks import node_modules, rehearsal, report
from deploy_checks.account import account_checks, unchecked
from deploy_checks.checks import every_check, files_config, files_node, files_toolchain
from deploy_checks.judging import Verdict, judge

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
        verdict = Verdict(given.stage, errors=[f"pre-deploy could not be run: {fault}"])
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception:  # noqa: BLE001 - whoever reads stdout gets an object, however odd the tree
        verdict = Verdict(given.stage, errors=[f"pre-deploy crashed:\n{traceback.format_exc()}"])
    say(report.for_people(verdict))
    if given.json:
        print(report.for_programs(verdict))  # noqa: T201 - the result
    return verdict.exit_status


def run(root: Path, stage: str, held: Path | None) -> Verdict:
    """Rehearse, where nobody did, and ask every check."""
    started = time.monotonic()
    if not root.is_dir():
        raise CannotRun(f"there is no directory {root}.")
    verdict = Verdict(stage)
    with tempfile.TemporaryDirectory(prefix="pre-deploy-") as temporary:
        rehearsed = _judgeable(root, stage, held) if held else _rehearse(root, stage, Path(temporary), verdict)
        verdict.findings.extend(rehearsal.findings_of(rehearsed.graph, root))
        say(f"Checking {len(rehearsed.graph.resources)} resources and {len(rehearsed.artifacts)} archives")
        judge(rehearsed, [*every_check(), account_checks], verdict, say)
        verdict.findings = rehearsal.in_order(verdict.findings)
        if not rehearsed.graph.data.get("complete") and not verdict.findings:
            verdict.errors.append("Nothing was rehearsed, and no check says why.")
        for what in unchecked(rehearsed):
            say(f"NOT CHECKED: {what}")
    verdict.seconds = time.monotonic() - started
    return verdict


def _rehearse(root: Path, stage: str, directory: Path, verdict: Verdict) -> Rehearsed:
    started = time.monotonic()
    nothing = Rehearsed.nothing(root, stage)
    if any(files_config.stage(nothing)):
        say("NOT CHECKED: what a deploy would make. There is no such stage.")
        return nothing
    if not any(files_node.unreadable(root)):
        verdict.findings.extend(node_modules.ensure(root, say))
    if not node_modules.has_sst(root):
        say("NOT CHECKED: what a deploy would make. There is no SST to rehearse it with.")
        return nothing
    if not (root / "sst.config.ts").is_file():
        return nothing  # which is told, with the rest of what the files tell
    if any(files_toolchain.broken_files(nothing)):
        say("NOT CHECKED: what a deploy would make. Each function would lack what the broken projects name.")
        return nothing
    say(f"Rehearsing a deploy of {stage}: about 30 s")
    with ThreadPoolExecutor(1) as beside:
        # tsc takes seconds and needs no rehearsal: its answer is there when it is asked for.
        rehearsal.hold(root, stage, directory, say, lambda: beside.submit(files_node.compiled, root))
    say(f"Rehearsed in {time.monotonic() - started:.1f} s")
    return _judgeable(root, stage, directory)


def _judgeable(root: Path, stage: str, directory: Path) -> Rehearsed:
    try:
        rehearsed = Rehearsed.read(root, directory)
    except (OSError, ValueError, KeyError) as fault:
        raise CannotRun(f"{directory} holds no rehearsal: {fault}") from fault
    if rehearsed.stage != stage:
        raise CannotRun(f"{directory} holds a rehearsal of stage {rehearsed.stage}, not of {stage}.")
    return rehearsed


def say(message: str) -> None:
    """For people: stdout is for the result."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
