"""The shell commands: each is executable, and shellcheck accepts it."""

import json
import os
from collections.abc import Iterator

from stack_graph.graph import Rehearsed

from deploy_checks.finding import Finding, Severity
from deploy_checks.linters import run_linter
from deploy_checks.rules import Rule

COMMANDS = ("scripts/*.sh", ".ci/run")
LEVELS: dict[str, Severity] = {"error": "high", "warning": "medium"}
"""shellcheck's levels that are reported. The others, info and style, are not about mistakes."""


def commands(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every command can be started by name, as deploys, the README and CI do, and has no error that shellcheck
    finds."""
    root = rehearsed.root
    files = sorted(str(path.relative_to(root)) for pattern in COMMANDS for path in root.glob(pattern))
    for file in files:
        if not os.access(root / file, os.X_OK):
            message = f"{file} is not executable: ./{file} stops with `Permission denied`"
            yield Finding("script-not-executable", "high", file, 1, message, f"git update-index --chmod=+x {file}")
    checked = run_linter("shellcheck", "--format=json1", "--external-sources", *files, folder=root) if files else None
    worst: dict[str, Finding] = {}
    for comment in json.loads(checked.stdout)["comments"] if checked else ():
        if severity := LEVELS.get(comment["level"]):
            rule: Rule = "script-broken" if severity == "high" else "script-mistake"
            message = f"shellcheck SC{comment['code']}: {comment['message']}"
            fix = f"See https://www.shellcheck.net/wiki/SC{comment['code']}"
            worst.setdefault(comment["file"], Finding(rule, severity, comment["file"], comment["line"], message, fix))
    yield from worst.values()


CHECKS = (commands,)
