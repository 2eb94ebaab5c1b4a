"""The team's own file ``pre-deploy.toml``: checks to add, and findings that it accepts until a day.

::

    checks = ["infra/checks.py"]        # its CHECKS run with the others

    [[accepted]]
    rule = "open-function-url"
    file = "infra/webhook.ts"           # optional: without it, in every file
    names = "Webhook"                   # optional: a text in the finding's message
    reason = "The handler checks the sender's signature."
    since = 2026-11-28
    until = 2027-05-01
"""

import importlib.util
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from deploy_checks.checks import Check, unusable
from deploy_checks.finding import Finding

FILE = "pre-deploy.toml"
LONGEST_DAYS = 366
"""The longest time to accept a finding: what made it acceptable changes."""
KEYS = {"rule", "file", "names", "reason", "since", "until"}


@dataclass(frozen=True)
class Accepted:
    """Findings of a rule that are not reported up to and including a day."""

    rule: str
    file: str
    names: str
    until: date
    line: int

    def covers(self, finding: Finding) -> bool:
        """Whether it is about the finding, whatever the day."""
        return finding.id == self.rule and self.file in ("", finding.file) and self.names in finding.message


@dataclass
class OwnRules:
    """The content of the file, and its errors."""

    accepted: list[Accepted] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)

    def sorted_out(self, found: Iterable[Finding], today: date) -> tuple[list[Finding], int]:
        """The findings to report, with those about the file itself; and the number of accepted ones."""
        in_force = [one for one in self.accepted if today <= one.until]
        used: set[Accepted] = set()
        reported, count = list(self.problems), 0
        for finding in found:
            covering = [one for one in in_force if one.covers(finding)]
            used.update(covering)
            count += bool(covering)
            if not covering:
                reported.append(finding)
        return [*reported, *self._useless(used, today)], count

    def _useless(self, used: set[Accepted], today: date) -> Iterator[Finding]:
        for one in self.accepted:
            ended = today > one.until
            if ended or one not in used:
                why = f"ended on {one.until}" if ended else "accepts nothing that is found now"
                message = f"The entry for {one.rule} {why}"
                fix = "Remove it; or review the finding again, and give a later day" if ended else "Remove it"
                yield Finding("acceptance-unused", "low", FILE, one.line, message, fix)


def read(root: Path) -> OwnRules:
    """The team's rules; none without the file. An entry that is wrong is a finding, and has no effect."""
    rules = OwnRules()
    path = root / FILE
    if not path.is_file():
        return rules
    text = path.read_text(encoding="utf-8")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        rules.problems.append(_problem(1, f"It is not TOML: {exc}", "Fix the syntax"))
        return rules
    starts = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[accepted]]"]
    for entry, line in zip(content.get("accepted", []), [*starts, *[1] * 1000], strict=False):
        accepted = _accepted(entry, line)
        if accepted is None:
            message = f"The entry for {entry.get('rule', 'no rule')} has no effect: it lacks a part, or has another one"
            fix = (
                "Give rule, reason, since and until, which are days without quotes and at most "
                f"{LONGEST_DAYS} days apart; file and names are optional"
            )
            rules.problems.append(_problem(line, message, fix))
        else:
            rules.accepted.append(accepted)
    for name in content.get("checks", []):
        rules.checks.extend(_checks(root / str(name)))
    return rules


def _accepted(entry: dict[str, Any], line: int) -> Accepted | None:
    match entry:
        case {"rule": str(rule), "reason": str(reason), "since": date() as since, "until": date() as until} if (
            reason.strip() and entry.keys() <= KEYS and 0 < (until - since).days <= LONGEST_DAYS
        ):
            return Accepted(rule, str(entry.get("file", "")), str(entry.get("names", "")), until, line)
    return None


def _problem(line: int, message: str, fix: str) -> Finding:
    return Finding("acceptance-invalid", "low", FILE, line, message, fix)


def _checks(path: Path) -> list[Check]:
    """The ``CHECKS`` of a file; in their place one that raises the error, if the file cannot be imported."""
    specification = importlib.util.spec_from_file_location(f"own_{path.stem}", path)
    try:
        if specification is None or specification.loader is None:
            raise ImportError(f"{path} is not a Python file")  # noqa: TRY301
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        return list(module.CHECKS)
    except Exception as exc:  # noqa: BLE001 - any error of the team's code
        return [unusable(path.stem, exc)]
