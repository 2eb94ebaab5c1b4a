"""Findings: what one is, how those of one cause become one, and in which order they are fixed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from stack_graph.graph import Resource

from deploy_checks.rules import Rule

type Severity = Literal["critical", "high", "medium", "low"]

WORST_FIRST: tuple[Severity, ...] = ("critical", "high", "medium", "low")

SUBJECT = "\0"
"""Stands for a finding's subjects while findings are compared. No message contains it."""

BUILD_FILES = ("pyproject.toml", "uv.lock", "uv.toml", ".python-version", "package.json", "package-lock.json")
"""Files that every build depends on. They are fixed first: many other findings are consequences."""
FROM_TOOLS = ("rehearsal-failed", "rehearsal-warning", "packages-not-installable")
"""Rules whose messages are the output of SST, uv or npm."""
UV_OR_NPM = re.compile(r"^npm ci refuses|\bUV export\b|\buv (?:build|export|lock|pip|sync)\b|uv\.lock")
FIRST, BUILD, LAST = -2, -1, len(WORST_FIRST)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that will go wrong on AWS."""

    id: Rule
    """Names the rule, not the place."""
    severity: Severity
    """``critical``: AWS accepts it, and something cannot work, is open to strangers, spends without a bound or loses
    data; ``high``: AWS refuses it; ``medium``: it works until something ordinary happens: a retry, a throttle, a
    failover, a day of traffic; ``low``: advice, defaults of AWS and SST that could be stricter, and tidiness."""
    file: str
    """The file to change, relative to the repository."""
    line: int
    """1 where the file as a whole is meant."""
    message: str
    """The effect on AWS, with the name of the resource."""
    fix: str
    """The change to make."""
    subjects: tuple[str, ...] = ()
    """Names of the resources in the message. Findings that differ only in their subjects are merged."""

    def as_json(self) -> dict[str, Any]:
        """The finding as the command prints it: ``id severity file line message fix``."""
        return {name: value for name, value in asdict(self).items() if name != "subjects"}


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Something that a check cannot judge here. It is no statement about the deploy."""

    subject: str
    """The fact in question, as a clause: ``that the account may use the models``."""
    needs: str
    """The condition that the check lacks."""

    def __str__(self) -> str:
        return f"NOT CHECKED: {self.subject} ({self.needs})"


type Verdict = Finding | NotChecked


def finding_at(resource: Resource, rule: Rule, severity: Severity, message: str, fix: str) -> Finding:
    """A finding at the line of the program that makes the resource.

    Its subject is the resource's name, or that of the component that makes it, whichever the message uses.
    """
    names = (resource.name, (resource.parent or "").rpartition("::")[2])
    subjects = tuple(name for name in names if name and name in message)[:1]
    return Finding(rule, severity, resource.file, resource.line, message, fix, subjects)


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each rule and line: what is found there several times has one cause and needs one fix.

    Messages that differ only in their subjects become one that lists all subjects. Others are listed line by line.
    """
    by_place: dict[tuple[Rule, str, int], list[Finding]] = {}
    for finding in findings:
        by_place.setdefault((finding.id, finding.file, finding.line), []).append(finding)
    return [_as_one(same) for same in by_place.values()]


def _as_one(same: list[Finding]) -> Finding:
    worst = min(same, key=lambda finding: WORST_FIRST.index(finding.severity))
    subjects: dict[tuple[str, str], dict[str, None]] = {}
    for finding in same:
        form = (_form(finding.message, finding), _form(finding.fix, finding))
        subjects.setdefault(form, {}).update(dict.fromkeys(finding.subjects))
    messages = dict.fromkeys(form[0].replace(SUBJECT, _listed(names)) for form, names in subjects.items())
    fixes = dict.fromkeys(form[1].replace(SUBJECT, _listed(names)) for form, names in subjects.items())
    every = tuple(dict.fromkeys(name for names in subjects.values() for name in names))
    return replace(worst, message="\n".join(messages), fix="\n".join(fixes), subjects=every)


def _form(text: str, finding: Finding) -> str:
    """The text with ``SUBJECT`` in the place of the finding's subject; unchanged if it has none or several."""
    return text.replace(finding.subjects[0], SUBJECT) if len(finding.subjects) == 1 else text


def _listed(names: Iterable[str]) -> str:
    *others, last = names or ("",)
    return f"{', '.join(others)} and {last}" if others else last


def counted(findings: Sequence[Finding]) -> str:
    """The number of findings in words."""
    return "1 finding" if len(findings) == 1 else f"{len(findings) or 'no'} findings"


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in the order in which to fix them: see ``precedence``.

    Output of uv and npm is left out where a finding about their files explains it.
    """
    found = sorted(findings, key=precedence)
    explained = any(precedence(finding) == BUILD for finding in found)
    return [finding for finding in found if not (explained and _is_echo(finding))]


def precedence(finding: Finding) -> int:
    """The one sort key: the line at which SST stopped, then build files, then by severity, worst first.

    Output of SST, uv or npm that names no line comes last.
    """
    if finding.id in FROM_TOOLS:
        return FIRST if finding.line > 1 else LAST
    severe = finding.severity in ("critical", "high")
    return BUILD if severe and finding.file.endswith(BUILD_FILES) else WORST_FIRST.index(finding.severity)


def _is_echo(finding: Finding) -> bool:
    return finding.id in FROM_TOOLS and UV_OR_NPM.search(finding.message) is not None
