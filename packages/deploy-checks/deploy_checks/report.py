"""What the command says: for people on stderr, for programs on stdout."""

import json

from stack_graph.finding import Finding, Severity

from deploy_checks.judging import Verdict

MEANINGS: dict[Severity, str] = {
    "critical": "the deploy would say OK, and this would be broken",
    "high": "the deploy would fail",
    "medium": "it would work badly, cost too much, or fail now and then",
    "low": "untidy",
}


def for_people(verdict: Verdict) -> str:
    """Findings by severity, worst first, and one line that sums up."""
    lines: list[str] = []
    for severity, meaning in MEANINGS.items():
        found = [finding for finding in verdict.findings if finding.severity == severity]
        if found:
            lines.append(f"\n{severity.upper()}: {meaning}")
            lines.extend(_entry(finding) for finding in found)
    lines.extend(f"\n{error}" for error in verdict.errors)
    count = len(verdict.findings)
    told = "1 finding" if count == 1 else f"{count or 'no'} findings"
    lines.append(f"\npre-deploy of {verdict.stage}: {told}; {verdict.checks} checks in {verdict.seconds:.1f} s")
    return "\n".join(lines)


def _entry(finding: Finding) -> str:
    message = finding.message.strip().replace("\n", "\n    ")
    fix = finding.fix.strip().replace("\n", "\n    ")
    return f"\n  {finding.file}:{finding.line}  {finding.id}\n    {message}\n    Fix: {fix}"


def for_programs(verdict: Verdict) -> str:
    """The same as one JSON object; ``errors`` only where a check crashed."""
    told = {
        "ok": verdict.exit_status == 0,
        "stage": verdict.stage,
        "checks": verdict.checks,
        "seconds": round(verdict.seconds, 1),
        "findings": [finding.as_json() for finding in verdict.findings],
    }
    if verdict.errors:
        told["errors"] = verdict.errors
    return json.dumps(told, indent=2)
