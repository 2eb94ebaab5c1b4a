"""Holding the rehearsal, and what its failure tells."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pre_deploy.errors import CannotRun
from pre_deploy.finding import Finding
from pre_deploy.graph import Graph
from pre_deploy.stages import account_variable

CLI = Path(__file__).resolve().parent.parent / "rehearsal" / "cli.ts"
PLACEHOLDER_ACCOUNT = "111122223333"
CLEANUP_LIMIT_S = 30
DEVELOPMENT = re.compile(r"dev(-.+)?")
FRAME = re.compile(r"\b((?:infra/|functions/)?[\w.-]+\.tsx?):(\d+):\d+")


def hold(root: Path, stage: str, out: Path, say: Callable[[str], None]) -> None:
    """Rehearse the deploy of a stage. Raises CannotRun where that cannot be; a deploy that fails is a result."""
    env = dict(os.environ)
    env["PATH"] = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{env.get('PATH', '')}"
    variable = account_variable(root, stage)
    given = env.get(variable, "") if variable else ""
    account = given if re.fullmatch(r"\d{12}", given) else PLACEHOLDER_ACCOUNT
    if variable and not given and not DEVELOPMENT.fullmatch(stage):
        say(f"NOT CHECKED: the AWS account. {variable} is not set; {PLACEHOLDER_ACCOUNT} stands in for it.")
        env[variable] = account
    command = ["node", str(CLI), "--app", str(root), "--stage", stage, "--out", str(out), "--account", account]
    try:
        process = subprocess.Popen(  # noqa: S603
            command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
    except FileNotFoundError:
        raise CannotRun("node was not found: run ./scripts/setup-env.sh, which brings Node 24.") from None
    try:
        _, words = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)  # it ends what it has started, and removes its working copy
        process.communicate(timeout=CLEANUP_LIMIT_S)
        raise
    if process.returncode not in (0, 1) or not (out / "graph.json").is_file():
        raise CannotRun(words.strip() or f"the rehearsal ended with {process.returncode} and no word")


def findings_of(graph: Graph, root: Path) -> list[Finding]:
    """What SST said: an error where the deploy would fail, a warning where it would not."""
    told: list[Mapping[str, Any]] = graph.data.get("diagnostics", [])
    errors = [_failed(entry, root) for entry in told if entry["severity"] == "error"]
    if not graph.data.get("complete") and not errors:
        errors = [_failed({"message": "The deploy came to no end."}, root)]
    return errors + [_warned(entry, root) for entry in told if entry["severity"] == "warning"]


def _failed(entry: Mapping[str, Any], root: Path) -> Finding:
    message = f"sst deploy would fail:\n{_text(entry)}"
    fix = "Mend what SST names, then run this again: whatever is behind the error could not be looked at."
    return Finding("rehearsal-failed", "high", *_place(entry, root), message, fix)


def _warned(entry: Mapping[str, Any], root: Path) -> Finding:
    message = f"sst deploy would warn: {_text(entry)}"
    return Finding("rehearsal-warning", "medium", *_place(entry, root), message, "Do what the warning asks for.")


def _text(entry: Mapping[str, Any]) -> str:
    return str(entry["message"]).strip()


def _place(entry: Mapping[str, Any], root: Path) -> tuple[str, int]:
    """The position that SST gave, or the first of the repository's files that the text names."""
    position = entry.get("sourcePosition") or {}
    message = str(entry["message"])
    named = [(str(position.get("file", "")), int(position.get("line", 1)))]
    named += [(found[1], int(found[2])) for found in FRAME.finditer(message)]
    for file, line in named:
        if (root / file).is_file() and not file.startswith("."):
            return file, line
    for file in ("uv.lock", "functions/pyproject.toml", "pyproject.toml", "package.json"):
        if file in message and (root / file).is_file():
            return file, 1
    return "sst.config.ts", 1
