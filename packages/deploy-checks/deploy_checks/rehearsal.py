"""Runs the deploy rehearsal, and turns SST's errors and warnings into findings."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from stack_graph.errors import CannotRun
from stack_graph.graph import Graph
from stack_graph.program import named_in
from stack_graph.stages import account_variable, alarm_variable

from deploy_checks.finding import Finding, NotChecked, Verdict
from deploy_checks.output import mentions_network

CLI = Path(__file__).resolve().parents[2] / "deploy-rehearsal" / "cli.ts"
PLACEHOLDER_ACCOUNT = "111122223333"
PLACEHOLDER_EMAIL = "alarms@example.com"
CLEANUP_LIMIT_S = 30
DEPLOYING = "Deploying stage"
"""The line that the rehearsal prints once everything is installed."""
DEVELOPMENT = re.compile(r"dev(-.+)?")
FRAME = re.compile(r"\b((?:infra/|functions/)?[\w./-]+\.tsx?):(\d+):\d+")


def run_rehearsal(
    root: Path,
    stage: str,
    rehearsal_dir: Path,
    log: Callable[[str], None],
    meanwhile: Callable[[], object] = lambda: None,
    answers: Path | None = None,
) -> None:
    """Rehearse the deploy of a stage and write its results to ``rehearsal_dir``.

    ``meanwhile`` is called once SST's platform folder is complete and no longer changes. ``answers`` is a file with
    the results of look-ups. Raises CannotRun if the rehearsal cannot run; a deploy that fails is a result.
    """
    account, environment = _account(root, stage, log)
    environment |= _recipient(root, stage, log)
    command = ["node", str(CLI), "--app", str(root), "--stage", stage, "--out", str(rehearsal_dir)]
    command += ["--account", account, "--end-with-stdin"]
    command += ["--answers", str(answers)] if answers else []
    try:
        # When this process ends, in whatever way, standard input closes: the rehearsal then stops what it has started
        # and removes its working copy.
        process = subprocess.Popen(  # noqa: S603
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise CannotRun("node was not found: run ./scripts/setup-env.sh, which installs Node 24.") from None
    output = _follow(process, meanwhile)
    if process.returncode not in (0, 1) or not (rehearsal_dir / "graph.json").is_file():
        raise CannotRun(output.strip() or f"the rehearsal exited with status {process.returncode} and no output")


def _account(root: Path, stage: str, log: Callable[[str], None]) -> tuple[str, dict[str, str]]:
    """The account id to rehearse with, and the environment to rehearse in."""
    environment = dict(os.environ)
    environment["PATH"] = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    variable = account_variable(root, stage)
    given = environment.get(variable, "") if variable else ""
    account = given if re.fullmatch(r"\d{12}", given) else PLACEHOLDER_ACCOUNT
    if variable and not given and not DEVELOPMENT.fullmatch(stage):
        log(f"NOT CHECKED: the AWS account. {variable} is not set; {PLACEHOLDER_ACCOUNT} is used instead.")
        environment[variable] = account
    return account, environment


def _recipient(root: Path, stage: str, log: Callable[[str], None]) -> dict[str, str]:
    """A recipient of alarms for a stage that needs one, if none is given."""
    variable = alarm_variable(root, stage)
    if not variable or os.environ.get(variable) or DEVELOPMENT.fullmatch(stage):
        return {}
    log(f"NOT CHECKED: the recipient of alarms. {variable} is not set; {PLACEHOLDER_EMAIL} is used instead.")
    return {variable: PLACEHOLDER_EMAIL}


def _follow(process: subprocess.Popen[str], meanwhile: Callable[[], object]) -> str:
    output = ""
    with process:
        try:
            for line in process.stderr or ():
                output += line
                if line.startswith(DEPLOYING):
                    meanwhile()
            process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)  # it stops its processes and removes its working copy
            process.communicate(timeout=CLEANUP_LIMIT_S)
            raise
    return output


def verdicts_of(graph: Graph, root: Path) -> list[Verdict]:
    """SST's errors, which would fail the deploy, and its warnings, which would not.

    An error for want of a network is one of this machine, and no statement about the deploy.
    """
    if "diagnostics" not in graph.data:
        return []  # no rehearsal took place; the reason is reported elsewhere
    diagnostics: list[Mapping[str, Any]] = graph.data["diagnostics"]
    errors = _once_for_each_host(_failed(entry, root) for entry in diagnostics if entry["severity"] == "error")
    if not graph.data.get("complete") and not errors:
        errors = [_failed({"message": "The deploy did not complete."}, root)]
    return errors + [_warned(entry, root) for entry in diagnostics if entry["severity"] == "warning"]


def _once_for_each_host(errors: Iterable[Verdict]) -> list[Verdict]:
    """Without repetitions of what could not be reached: each function needs the same hosts."""
    kept: dict[object, Verdict] = {}
    for error in errors:
        kept.setdefault(error.needs.partition(":")[0] if isinstance(error, NotChecked) else error, error)
    return list(kept.values())


def _failed(entry: Mapping[str, Any], root: Path) -> Verdict:
    if mentions_network(_text(entry)):
        host = re.search(r"https?://([^/\s`]+)", _text(entry))
        needs = f"{host[1] if host else 'a host that SST needs'} could not be reached"
        return NotChecked("the resources of a deploy", f"{needs}: {_text(entry)[:600]}")
    message = f"sst deploy would fail:\n{_text(entry)}"
    fix = "Fix the error that SST reports, then run this again: the checks of the stack could not run."
    return Finding("rehearsal-failed", "high", *_place(entry, root), message, fix)


def _warned(entry: Mapping[str, Any], root: Path) -> Finding:
    message = f"sst deploy would warn: {_text(entry)}"
    return Finding("rehearsal-warning", "medium", *_place(entry, root), message, "Do what the warning asks for.")


def _text(entry: Mapping[str, Any]) -> str:
    return str(entry["message"]).strip()


def _place(entry: Mapping[str, Any], root: Path) -> tuple[str, int]:
    """The position that SST reports, or the first of the repository's files that the message names or quotes."""
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
