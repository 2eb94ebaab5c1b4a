"""Asking every check about one rehearsed deploy."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pre_deploy.checks import Check, name_of, needs_graph
from pre_deploy.finding import Finding
from pre_deploy.graph import Rehearsed


@dataclass
class Verdict:
    """What came out."""

    stage: str
    checks: int = 0
    """How many checks came to an end."""
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Checks that crashed, and why."""

    @property
    def exit_status(self) -> int:
        """0 without a finding, 1 with some, 2 when a check could not be made."""
        if self.errors:
            return 2
        return 1 if self.findings else 0


def judge(rehearsed: Rehearsed, checks: Sequence[Check], verdict: Verdict, say: Callable[[str], None]) -> None:
    """Add what the checks say. Of a graph that is not whole, only what needs none is asked."""
    whole = bool(rehearsed.graph.data.get("complete"))
    for check in checks:
        if not whole and needs_graph(check):
            continue
        started = time.monotonic()
        try:
            found = list(check(rehearsed))
        except Exception as fault:  # noqa: BLE001 - the other checks still have something to say
            verdict.errors.append(f"The check {name_of(check)} crashed: {type(fault).__name__}: {fault}")
            say(f"  {name_of(check)}: crashed")
            continue
        verdict.checks += 1
        verdict.findings.extend(finding for finding in found if finding not in verdict.findings)
        told = f"{len(found)} findings" if found else "ok"
        say(f"  {name_of(check)}: {told}, {time.monotonic() - started:.1f} s")
