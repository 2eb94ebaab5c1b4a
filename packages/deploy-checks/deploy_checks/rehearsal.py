"""Holding the rehearsal, and what its failure tells."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stack_graph.errors import CannotRun
from stack_graph.finding import Finding
from stack_graph.graph import Graph
from stack_graph.program import named_in
from stack_graph.stages import account_variable

from deploy_checks.judging import WORST_FIRST

CLI = Path(__file__).resolve().parents[2] / "deploy-rehearsal" / "cli.ts"
PLACEHOLDER_ACCOUNT = "111122223333"
CLEANUP_LIMIT_S = 30
DEPLOYING = "Deploying stage"
"""What the rehearsal says when all is installed."""
DEVELOPMENT = re.compile(r"dev(-.+)?")
TOOLS = ("pyproject.toml", "uv.lock", "uv.toml", ".python-version", "package.json", "package-lock.json")
SAID = ("rehearsal-failed", "rehearsal-warning", "packages-not-installable")
OF_TOOLS = re.compile(r"^npm ci refuses|\bUV export\b|\buv (?:build|export|lock|pip|sync)\b|uv\.lock")
FRAME = re.compile(r"\b((?:infra/|functions/)?[\w.-]+\.tsx?):(\d+):\d+")


def hold(
    root: Path, stage: str, out: Path, say: Callable[[str], None], meanwhile: Callable[[], object] = lambda: None
) -> None:
    """Rehearse the deploy of a stage. Raises CannotRun where that cannot be; a deploy that fails is a result.

    ``meanwhile`` is called once SST's platform is in place and will not change any more.
    """
    env = dict(os.environ)
    env["PATH"] = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{env.get('PATH', '')}"
    variable = account_variable(root, stage)
    given = env.get(variable, "") if variable else ""
    account = given if re.fullmatch(r"\d{12}", given) else PLACEHOLDER_ACCOUNT
    if variable and not given and not DEVELOPMENT.fullmatch(stage):
        say(f"NOT CHECKED: the AWS account. {variable} is not set; {PLACEHOLDER_ACCOUNT} stands in for it.")
        env[variable] = account
    command = ["node", str(CLI), "--app", str(root), "--stage", stage, "--out", str(out), "--account", account]
    command.append("--end-with-stdin")
    try:
        # Standard input tells it of our end, however we end: it stops what it has started, and removes its copy.
        process = subprocess.Popen(  # noqa: S603
            command,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise CannotRun("node was not found: run ./scripts/setup-env.sh, which brings Node 24.") from None
    words = ""
    with process:
        try:
            for line in process.stderr or ():
                words += line
                if line.startswith(DEPLOYING):
                    meanwhile()
            process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)  # it ends what it has started, and removes its working copy
            process.communicate(timeout=CLEANUP_LIMIT_S)
            raise
    if process.returncode not in (0, 1) or not (out / "graph.json").is_file():
        raise CannotRun(words.strip() or f"the rehearsal ended with {process.returncode} and no word")


def findings_of(graph: Graph, root: Path) -> list[Finding]:
    """What SST said: an error where the deploy would fail, a warning where it would not."""
    if "diagnostics" not in graph.data:
        return []  # nobody held one, and whoever decided that says why
    told: list[Mapping[str, Any]] = graph.data["diagnostics"]
    errors = [_failed(entry, root) for entry in told if entry["severity"] == "error"]
    if not graph.data.get("complete") and not errors:
        errors = [_failed({"message": "The deploy came to no end."}, root)]
    return errors + [_warned(entry, root) for entry in told if entry["severity"] == "warning"]


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """What is to be mended first comes first: where SST stopped, then what all else is made with, then the worst.

    Words of SST go last where they name no line, and those of uv and npm are left out where a check of their files says
    what they say.
    """
    said = [finding for finding in findings if finding.id in SAID]
    others = sorted((finding for finding in findings if finding not in said), key=_rank)
    explained = bool(others) and _rank(others[0]) < 0
    told = [finding for finding in said if not (explained and OF_TOOLS.search(finding.message))]
    return [
        *(finding for finding in told if finding.line > 1),
        *others,
        *(finding for finding in told if finding.line == 1),
    ]


def _rank(finding: Finding) -> int:
    grave = finding.severity in ("critical", "high")
    return -1 if grave and finding.file.endswith(TOOLS) else WORST_FIRST.index(finding.severity)


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
    """The position that SST gave, or the first of the repository's files that the text names or quotes."""
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
    return named_in(root, message) or ("sst.config.ts", 1)
