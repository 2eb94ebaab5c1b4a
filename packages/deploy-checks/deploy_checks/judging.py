"""Asking every check about one rehearsed deploy."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from stack_graph.finding import Finding, Severity
from stack_graph.graph import Rehearsed

from deploy_checks.checks import Check, name_of, needs_graph


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
    found: list[Finding] = []
    for check in checks:
        if not whole and needs_graph(check):
            continue
        started = time.monotonic()
        try:
            said = list(check(rehearsed))
        except Exception as fault:  # noqa: BLE001 - the other checks still have something to say
            verdict.errors.append(f"The check {name_of(check)} crashed: {type(fault).__name__}: {fault}")
            say(f"  {name_of(check)}: crashed")
            continue
        verdict.checks += 1
        found.extend(said)
        told = f"{len(said)} findings" if said else "ok"
        say(f"  {name_of(check)}: {told}, {time.monotonic() - started:.1f} s")
    verdict.findings = merged([*verdict.findings, *found])


WORST_FIRST: tuple[Severity, ...] = ("critical", "high", "medium", "low")


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """One finding where the same rule points several times to the same line: that is one mend, of one cause."""
    together: dict[tuple[str, str, int], list[Finding]] = {}
    for finding in findings:
        together.setdefault((finding.id, finding.file, finding.line), []).append(finding)
    return [
        replace(
            min(same, key=lambda one: WORST_FIRST.index(one.severity)),
            message=in_one([one.message for one in same]),
            fix=in_one([one.fix for one in same]),
        )
        for same in together.values()
    ]


def in_one(texts: Sequence[str]) -> str:
    """Texts that differ in one word become one that names them all; others stand below each other."""
    words = [text.split(" ") for text in dict.fromkeys(texts)]
    differ = {at for text in words for at, (one, other) in enumerate(zip(words[0], text, strict=False)) if one != other}
    if len(differ) != 1 or len({len(text) for text in words}) > 1:
        return "\n".join(dict.fromkeys(texts))
    (at,) = differ
    *others, last = (text[at] for text in words)
    return " ".join(
        [*words[0][:at], f"{', '.join(word.rstrip(',') for word in others)} and {last}", *words[0][at + 1 :]]
    )
