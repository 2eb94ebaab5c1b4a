"""The command `pre-deploy`."""

import argparse
import signal
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import zip_longest
from pathlib import Path

from stack_graph.errors import CannotRun
from stack_graph.graph import Rehearsed

from deploy_checks import own_rules, preconditions, rehearsal, report
from deploy_checks.account import account_checks
from deploy_checks.checks import every_check, files_node
from deploy_checks.finding import Finding, NotChecked, in_order, merged
from deploy_checks.run_checks import Report, run_checks

DESCRIPTION = """\
Report what would go wrong in a deploy, before the deploy: rehearse it with the real SST and no AWS account, then check
every resource that it would create, every archive that it built, and the repository's files.

Progress and findings go to stderr. Exit status: 0 without findings, 1 with findings, 2 if the command could not run."""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="pre-deploy", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--stage",
        required=True,
        action="append",
        metavar="S",
        help="the stage to be deployed, such as dev; give it once for each stage to check several",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the findings as one JSON object for each stage, alone on stdout"
    )
    parser.add_argument(
        "--rehearsal",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="check this rehearsal instead of running one; with several stages, give it once for each, in their order",
    )
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help='JSON with values that only the account has, for what the program looks up there: {"invokes": '
        '{"aws:route53/getZone:getZone": {"zoneId": "Z1"}}, "resources": {"TYPE::NAME": {...}}}',
    )
    parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")
    options = parser.parse_args(argv)
    if options.answers and options.rehearsal:
        parser.error("--answers is for a rehearsal that is run now, and not for one of --rehearsal")
    if options.rehearsal and len(options.rehearsal) != len(options.stage):
        parser.error(
            f"there are {len(options.rehearsal)} --rehearsal for {len(options.stage)} --stage: give one for each"
        )
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    status = 0
    for stage, rehearsal_dir in zip_longest(options.stage, options.rehearsal):
        try:
            result = _reported(options.root.resolve(), stage, rehearsal_dir, options.answers)
        except KeyboardInterrupt:
            return 128 + signal.SIGINT
        log(report.as_text(result))
        if options.json:
            print(report.as_json(result), flush=True)  # noqa: T201 - the result
        status = max(status, result.exit_status)
    return status


def _reported(root: Path, stage: str, rehearsal_dir: Path | None, answers: Path | None) -> Report:
    """The report of a stage in every case: a reader of stdout needs its JSON object."""
    try:
        return run(root, stage, rehearsal_dir, answers)
    except CannotRun as exc:
        return Report(stage, errors=[f"pre-deploy could not be run: {exc}"])
    except Exception:  # noqa: BLE001 - a defect of the command itself
        return Report(stage, errors=[f"pre-deploy crashed:\n{traceback.format_exc()}"])


def run(root: Path, stage: str, rehearsal_dir: Path | None, answers: Path | None = None) -> Report:
    """Rehearse the deploy, unless ``rehearsal_dir`` already has its results, and run every check."""
    started = time.monotonic()
    if not root.is_dir():
        raise CannotRun(f"there is no directory {root}.")
    result = Report(stage)
    with tempfile.TemporaryDirectory(prefix="pre-deploy-") as temporary:
        if rehearsal_dir:
            rehearsed = _read(root, stage, rehearsal_dir)
        else:
            result.findings.extend(preconditions.install_packages(Rehearsed.nothing(root, stage), log))
            rehearsed = _rehearse(root, stage, Path(temporary), answers)
        own = own_rules.read(root)
        of_sst = rehearsal.verdicts_of(rehearsed.graph, root)
        result.findings.extend(verdict for verdict in of_sst if isinstance(verdict, Finding))
        result.not_checked.extend(verdict for verdict in of_sst if isinstance(verdict, NotChecked))
        log(f"Checking {len(rehearsed.graph.resources)} resources and {len(rehearsed.artifacts)} archives")
        run_checks(rehearsed, [*every_check(), *own.checks, account_checks], result, log)
        found, result.accepted = own.sorted_out(result.findings, datetime.now(UTC).date())
        result.findings = in_order(merged(found))
        explained = any(finding.severity != "low" for finding in result.findings)
        if not rehearsed.graph.data.get("complete") and not explained:
            offline = any(isinstance(verdict, NotChecked) for verdict in of_sst)
            reason = ": a host that SST needs could not be reached" if offline else ", and no check reports why"
            result.errors.append(f"The deploy was not rehearsed{reason}.")
    result.seconds = time.monotonic() - started
    return result


def _rehearse(root: Path, stage: str, rehearsal_dir: Path, answers: Path | None) -> Rehearsed:
    started = time.monotonic()
    nothing = Rehearsed.nothing(root, stage)
    if reason := preconditions.unmet(nothing):
        log(f"NOT CHECKED: the resources of a deploy. {reason}")
        return nothing
    log(f"Rehearsing a deploy of {stage}: about a minute")
    with ThreadPoolExecutor(1) as beside:
        # tsc takes seconds and needs no rehearsal: its result is ready when the check asks for it.
        meanwhile = partial(beside.submit, files_node.compiled, root)
        rehearsal.run_rehearsal(root, stage, rehearsal_dir, log, meanwhile, answers)
    log(f"Rehearsed in {time.monotonic() - started:.1f} s")
    return _read(root, stage, rehearsal_dir)


def _read(root: Path, stage: str, rehearsal_dir: Path) -> Rehearsed:
    try:
        rehearsed = Rehearsed.read(root, rehearsal_dir)
    except (OSError, ValueError, KeyError) as exc:
        raise CannotRun(f"{rehearsal_dir} contains no rehearsal: {exc}") from exc
    if rehearsed.stage != stage:
        raise CannotRun(f"{rehearsal_dir} contains a rehearsal of stage {rehearsed.stage}, not of {stage}.")
    return rehearsed


def log(message: str) -> None:
    """Print progress to stderr: stdout is for the result."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
