"""Runs every check on one rehearsed deploy and collects a report."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from stack_graph.graph import Rehearsed
from stack_graph.invented import invented

from deploy_checks.checks import Check, is_about, name_of, needs_graph
from deploy_checks.finding import Finding, NotChecked, Verdict, counted


@dataclass
class Report:
    """The result of the command."""

    stage: str
    checks: int = 0
    """Checks that finished."""
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    accepted: int = 0
    """Findings that the team accepts: see ``own_rules``."""
    not_checked: list[NotChecked] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Why the command could not run."""

    @property
    def exit_status(self) -> int:
        """0 without findings, 1 with findings, 2 if the command could not run."""
        if self.errors:
            return 2
        return 1 if self.findings else 0


def run_checks(rehearsed: Rehearsed, checks: Sequence[Check], report: Report, log: Callable[[str], None]) -> None:
    """Add the verdicts of the checks to the report. On an incomplete graph, only checks that need no graph run."""
    complete = bool(rehearsed.graph.data.get("complete"))
    made_up = invented(rehearsed.graph)
    found: list[Finding] = []
    for check in checks:
        if not is_about(check, rehearsed) or (not complete and needs_graph(check)):
            continue
        started = time.monotonic()
        try:
            verdicts = list(check(rehearsed))
        except Exception as exc:  # noqa: BLE001 - the other checks still run
            crash = f"it crashed, please report it: {type(exc).__name__}: {exc}"
            report.not_checked.append(NotChecked(f"what {name_of(check)} checks", crash))
            log(f"  {name_of(check)}: crashed")
            continue
        report.checks += 1
        verdicts = [_judged(verdict, made_up, name_of(check)) for verdict in verdicts]
        findings = [verdict for verdict in verdicts if isinstance(verdict, Finding)]
        found.extend(findings)
        unchecked = (verdict for verdict in verdicts if isinstance(verdict, NotChecked))
        report.not_checked.extend(verdict for verdict in unchecked if verdict not in report.not_checked)
        outcome = counted(findings) if findings else "ok" if not verdicts else "not checked"
        log(f"  {name_of(check)}: {outcome}, {time.monotonic() - started:.1f} s")
    report.findings = [*report.findings, *found]


def _judged(verdict: Verdict, made_up: Mapping[str, str], check: str) -> Verdict:
    """The verdict; NOT CHECKED in place of a finding about a value that the rehearsal made up."""
    if isinstance(verdict, Finding):
        for text, source in made_up.items():
            if text in verdict.message:
                needs = f"only the account has the {source}: give it with --answers"
                return NotChecked(f"{verdict.file}:{verdict.line}, by {check}", needs)
    return verdict
