"""The output of the command: text on stderr, JSON on stdout."""

import json
from dataclasses import asdict

from deploy_checks.finding import Finding, Severity, counted
from deploy_checks.run_checks import Report

MEANINGS: dict[Severity, str] = {
    "critical": "the deploy would succeed, and this would not work",
    "high": "the deploy would fail",
    "medium": "this would work badly, cost too much, or fail intermittently",
    "low": "advice",
}


def as_text(report: Report) -> str:
    """Findings by severity, worst first, and a summary line."""
    lines: list[str] = []
    for severity, meaning in MEANINGS.items():
        found = [finding for finding in report.findings if finding.severity == severity]
        if found:
            lines.append(f"\n{severity.upper()}: {meaning}")
            lines.extend(_entry(finding) for finding in found)
    lines.extend(f"\n{error}" for error in report.errors)
    lines.extend(["", *map(str, report.not_checked)] if report.not_checked else [])
    accepted = f", {report.accepted} accepted" if report.accepted else ""
    lines.append(
        f"\npre-deploy of {report.stage}: {counted(report.findings)}{accepted}; "
        f"{report.checks} checks in {report.seconds:.1f} s"
    )
    return "\n".join(lines)


def _entry(finding: Finding) -> str:
    message = finding.message.strip().replace("\n", "\n    ")
    fix = finding.fix.strip().replace("\n", "\n    ")
    return f"\n  {finding.file}:{finding.line}  {finding.id}\n    {message}\n    Fix: {fix}"


def as_json(report: Report) -> str:
    """The report as one JSON object; ``errors`` is present only if the command could not run."""
    content = {
        "ok": report.exit_status == 0,
        "stage": report.stage,
        "checks": report.checks,
        "accepted": report.accepted,
        "seconds": round(report.seconds, 1),
        "findings": [finding.as_json() for finding in report.findings],
        "not_checked": [asdict(one) for one in report.not_checked],
    }
    if report.errors:
        content["errors"] = report.errors
    return json.dumps(content, indent=2)
