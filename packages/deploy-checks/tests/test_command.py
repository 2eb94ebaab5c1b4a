"""The command pre-deploy: its output, its exit status, and how it runs a rehearsal."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deploy_checks import __main__ as command
from deploy_checks import no_python, node_modules, rehearsal, unprepared
from deploy_checks.checks import Check, every_check, name_of
from deploy_checks.finding import Finding, Severity, in_order
from deploy_checks.rules import Rule
from stack_graph.errors import CannotRun
from stack_graph.graph import Rehearsed

from tests.support.rehearsed import Deploy

ROOT = Path(__file__).parents[3]


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    return Deploy(tmp_path)


@pytest.fixture
def run_command(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the command on a small rehearsal with only these checks."""

    def run(*checks: Check, more: tuple[str, ...] = ("--json",)) -> int:
        monkeypatch.setattr(command, "every_check", lambda: list(checks))
        deploy.write()
        arguments = ["--stage", "dev", "--root", str(deploy.root), "--rehearsal", str(deploy.out)]
        return command.main([*arguments, *more])

    return run


def finding(rule: Rule, severity: Severity = "medium") -> Finding:
    return Finding(rule, severity, "infra/main.ts", 7, f"{rule} happens", "fix it")


def passing(_rehearsed: Rehearsed) -> Iterable[Finding]:
    return ()


def failing(_rehearsed: Rehearsed) -> Iterable[Finding]:
    return [finding("dependency-unused", "low"), finding("open-function", "critical")]


def of_a_file(_rehearsed: Rehearsed) -> Iterable[Finding]:
    return [finding("print-left")]


of_a_file.__module__ = "deploy_checks.checks.files_made_up"


def crashing(_rehearsed: Rehearsed) -> Iterable[Finding]:
    raise LookupError("on purpose")


def test_success_is_json_with_exit_status_0(
    run_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(passing) == 0
    out = json.loads(capsys.readouterr().out)
    assert out.pop("seconds") >= 0
    assert {one["needs"] for one in out.pop("not_checked")} == {"no AWS credentials"}
    assert out == {"ok": True, "stage": "dev", "checks": 2, "accepted": 0, "findings": []}  # one check, and the account


def test_findings_are_json_with_exit_status_1(
    run_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(passing, failing) == 1
    printed = capsys.readouterr()
    out = json.loads(printed.out)
    assert (out["ok"], out["checks"]) == (False, 3)
    assert out["findings"][0] == {
        "id": "open-function",
        "severity": "critical",
        "file": "infra/main.ts",
        "line": 7,
        "message": "open-function happens",
        "fix": "fix it",
    }
    assert printed.err.index("infra/main.ts:7  open-function") < printed.err.index("infra/main.ts:7  dependency-unused")


def test_findings_of_one_cause_are_merged(run_command: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    def of_each(_rehearsed: Rehearsed) -> Iterable[Finding]:
        for name in ("Api", "Migrator", "Sweeper"):
            yield replace(finding("variable-not-set"), message=f"{name} has no DB_HOST.", subjects=(name,))

    assert run_command(of_each, failing) == 1
    _, same, *others = json.loads(capsys.readouterr().out)["findings"]
    assert (same["message"], same["fix"]) == ("Api, Migrator and Sweeper has no DB_HOST.", "fix it")
    assert len(others) == 1


def test_findings_are_in_the_order_of_fixing() -> None:
    def of(rule: Rule, severity: Severity, file: str, line: int, message: str) -> Finding:
        return Finding(rule, severity, file, line, message, "fix it")

    echo = of("rehearsal-failed", "high", "sst.config.ts", 1, "UV export failed with exit code 2")
    unplaced = of("rehearsal-failed", "high", "sst.config.ts", 1, "The app name is invalid.")
    placed = of("rehearsal-failed", "high", "infra/jobs/queue.ts", 7, "Queue is not unique")
    silent = of("import-undeclared", "critical", "functions/a.py", 3, "No module named x")
    lock = of("project-file-broken", "high", "uv.lock", 9, "uv cannot read it")
    assert in_order([echo, unplaced, placed, silent, lock]) == [placed, lock, silent, unplaced]
    assert in_order([echo, silent]) == [silent, echo]


def test_stdout_is_empty_without_json(run_command: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(failing, more=()) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("checks", "status"), [((crashing, failing), 1), ((crashing, passing), 0)])
def test_crashed_check_is_not_checked_and_the_verdict_of_the_others_stands(
    run_command: Callable[..., int], capsys: pytest.CaptureFixture[str], checks: tuple[Check, ...], status: int
) -> None:
    assert run_command(*checks) == status
    printed = capsys.readouterr()
    out = json.loads(printed.out)
    assert out["ok"] is (status == 0)
    assert len(out["findings"]) == 2 * status
    assert out["not_checked"][0] == {
        "subject": "what test_command.crashing checks",
        "needs": "it crashed, please report it: LookupError: on purpose",
    }
    assert "NOT CHECKED: what test_command.crashing checks (it crashed" in printed.err


def test_finding_about_a_made_up_value_is_not_checked(
    run_command: Callable[..., int], deploy: Deploy, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.function["invented"] = {"vpcId": "vpc-0123456789abcdef0"}

    def about_it(_rehearsed: Rehearsed) -> Iterable[Finding]:
        yield replace(finding("service-out-of-reach"), message="vpc-0123456789abcdef0 has no endpoint.")
        yield finding("open-function")

    assert run_command(about_it) == 1
    report = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in report["findings"]] == ["open-function"]
    [unchecked] = [one for one in report["not_checked"] if one["needs"] != "no AWS credentials"]
    assert "vpcId of aws:lambda/function:Function MainFunction at infra/main.ts:7" in unchecked["needs"]
    assert "--answers" in unchecked["needs"]


def test_answers_are_for_a_rehearsal_that_is_run_now(
    run_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_command(passing, more=("--answers", "answers.json"))
    assert ended.value.code == 2
    assert "--answers is for a rehearsal that is run now" in capsys.readouterr().err


def test_failed_rehearsal_is_reported(
    run_command: Callable[..., int], deploy: Deploy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy.complete = False
    deploy.diagnostics = [
        {
            "severity": "error",
            "message": "Error: Handler not found: a.b.handler",
            "urn": None,
            "sourcePosition": {"file": "infra/main.ts", "line": 3},
        }
    ]
    assert run_command(crashing, of_a_file) == 1  # on an incomplete graph only file checks run
    failed, left = json.loads(capsys.readouterr().out)["findings"]
    assert (failed["id"], failed["severity"], failed["file"], failed["line"]) == (
        "rehearsal-failed",
        "high",
        "infra/main.ts",
        3,
    )
    assert "Handler not found: a.b.handler" in failed["message"]
    assert left["id"] == "print-left"


def test_failure_for_want_of_a_network_is_no_finding_and_stops(
    run_command: Callable[..., int], deploy: Deploy, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.complete = False
    message = "UV export failed with exit code 1: dns error: failed to lookup address information"
    deploy.diagnostics = [{"severity": "error", "message": message, "urn": None, "sourcePosition": None}]
    assert run_command(passing) == 2
    report = json.loads(capsys.readouterr().out)
    assert report["findings"] == []
    assert "could not be reached" in report["errors"][0]
    assert "dns error" in report["not_checked"][0]["needs"]


def test_a_finding_explains_a_failure_for_want_of_a_network(
    run_command: Callable[..., int], deploy: Deploy, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.complete = False
    message = "uv export failed\ncause: Failed to download `https://github.com/python/3.12.99.tar.gz`: timed out"
    entry = {"severity": "error", "urn": None, "sourcePosition": None}
    deploy.diagnostics = [{**entry, "message": f"{name}: {message}"} for name in ("Worker", "Sweeper")]
    assert run_command(of_a_file) == 1
    report = json.loads(capsys.readouterr().out)
    assert "errors" not in report
    (needs,) = [one["needs"] for one in report["not_checked"] if one["subject"] == "the resources of a deploy"]
    assert needs.startswith("github.com could not be reached: Worker: ")


def test_warning_of_sst_is_reported(
    run_command: Callable[..., int], deploy: Deploy, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.diagnostics = [{"severity": "warning", "message": "uv.lock is not up to date", "sourcePosition": None}]
    assert run_command(passing) == 1
    (warned,) = json.loads(capsys.readouterr().out)["findings"]
    assert (warned["id"], warned["severity"], warned["file"]) == ("rehearsal-warning", "medium", "uv.lock")


@pytest.mark.parametrize("arguments", [["--stage", "staging"], ["--stage", "dev", "--rehearsal", "/nowhere"]])
def test_what_cannot_be_run_command(deploy: Deploy, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    deploy.write()
    held = [] if "--rehearsal" in arguments else ["--rehearsal", str(deploy.out)]
    assert command.main([*arguments, *held, "--root", str(deploy.root), "--json"]) == 2
    printed = capsys.readouterr()
    out = json.loads(printed.out)
    assert (out["ok"], out["findings"]) == (False, [])
    assert "could not be run" in out["errors"][0]
    assert out["errors"][0] in printed.err


def test_each_stage_has_its_report_and_the_worst_exit_status(
    run_command: Callable[..., int], deploy: Deploy, capsys: pytest.CaptureFixture[str]
) -> None:
    other = ("--stage", "staging", "--rehearsal", str(deploy.out), "--json")
    assert run_command(failing, more=other) == 2
    first, end = json.JSONDecoder().raw_decode(printed := capsys.readouterr().out)
    second = json.loads(printed[end:])
    assert (first["stage"], len(first["findings"])) == ("dev", 2)
    assert (second["stage"], second["findings"]) == ("staging", [])
    assert "contains a rehearsal of stage dev, not of staging" in second["errors"][0]


def test_stages_need_as_many_rehearsals(deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--stage", "dev", "--stage", "staging", "--rehearsal", str(deploy.out)])
    assert "1 --rehearsal for 2 --stage" in capsys.readouterr().err


def test_check_names_are_unique() -> None:
    names = [name_of(check) for check in every_check()]
    assert len(names) == len(set(names))
    assert {name.partition("_")[0] for name in names} >= {"artifact"}


def test_help_names_the_options() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy_checks", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "--stage S" in done.stdout


def test_missing_python_is_reported(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["pre-deploy", "--stage", "dev", "--json"])
    assert no_python.main() == 1
    [found] = json.loads(capsys.readouterr().out)["findings"]
    assert (found["id"], found["file"]) == ("python-missing", ".python-version")


def test_packages_that_uv_cannot_install_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = subprocess.CompletedProcess[str]([], 2, "", "error: No solution found")
    monkeypatch.setattr(unprepared, "run_uv", lambda *_: refused)
    monkeypatch.setattr(unprepared, "run_checks", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["pre-deploy", "--root", str(tmp_path), "--stage", "dev", "--json"])
    assert unprepared.main() == 1
    [found] = json.loads(capsys.readouterr().out)["findings"]
    assert (found["id"], found["file"]) == ("packages-not-installable", "pyproject.toml")
    assert "No solution found" in found["message"]


@pytest.mark.parametrize("network", [False, True])
def test_packages_that_npm_refuses_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, network: bool
) -> None:
    output = "npm error code ENOTFOUND" if network else "npm error `npm ci` can only install packages when in sync"
    npm = tmp_path / "npm"
    npm.write_text(f"#!/bin/sh\necho '{output}' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    if network:
        with pytest.raises(CannotRun, match="ENOTFOUND"):
            node_modules.ensure(tmp_path, lambda _: None)
    else:
        [found] = node_modules.ensure(tmp_path, lambda _: None)
        assert (found.id, found.file) == ("packages-not-installable", "package-lock.json")


# Running a rehearsal


FAKE_NODE = """\
#!/bin/sh
env > "{out}/env"
echo "$@" > "{out}/arguments"
echo '{{}}' > "{out}/graph.json"
echo "output of the rehearsal" >&2
exit {status}
"""


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Path]:
    """A program in place of node that exits with a given status."""

    def make(status: int) -> Path:
        out = tmp_path / "out"
        program = tmp_path / "venv" / "bin" / "node"
        for folder in (out, program.parent):
            folder.mkdir(parents=True, exist_ok=True)
        program.write_text(FAKE_NODE.format(out=out, status=status), encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
        return out

    return make


@pytest.mark.parametrize("status", [0, 1])
def test_rehearsal_runs_with_the_stage_and_the_account(
    node: Callable[[int], Path], tmp_path: Path, status: int
) -> None:
    out = node(status)
    rehearsal.run_rehearsal(tmp_path, "dev", out, lambda _: None, answers=tmp_path / "answers.json")
    arguments = (out / "arguments").read_text(encoding="utf-8")
    assert f"--app {tmp_path} --stage dev --out {out} --account 111122223333" in arguments
    assert f"--answers {tmp_path}/answers.json" in arguments


def test_rehearsal_that_cannot_run_is_an_error(node: Callable[[int], Path], tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="output of the rehearsal"):
        rehearsal.run_rehearsal(tmp_path, "dev", node(2), lambda _: None)


STAGES = """
export const stages = {
  dev: {
    accountVariable: "DEV_AWS_ACCOUNT_ID",
  },
  staging: {
    accountVariable: "STAGING_AWS_ACCOUNT_ID",
    alarmVariable: "STAGING_ALARM_EMAIL",
  },
};
"""


@pytest.mark.parametrize(
    ("stage", "given", "account", "warned"),
    [
        ("staging", None, "111122223333", True),
        ("staging", "444455556666", "444455556666", False),
        ("dev-maria", None, "111122223333", False),
    ],
)
def test_account_comes_from_the_stage_variable(
    node: Callable[[int], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    given: str | None,
    account: str,
    warned: bool,
) -> None:
    (tmp_path / "project.config.ts").write_text(STAGES, encoding="utf-8")
    monkeypatch.delenv("STAGING_AWS_ACCOUNT_ID", raising=False)
    monkeypatch.delenv("DEV_AWS_ACCOUNT_ID", raising=False)
    if given:
        monkeypatch.setenv("STAGING_AWS_ACCOUNT_ID", given)
    logged: list[str] = []
    out = node(0)
    rehearsal.run_rehearsal(tmp_path, stage, out, logged.append)
    assert f"--account {account}" in (out / "arguments").read_text(encoding="utf-8")
    variables = (out / "env").read_text(encoding="utf-8")
    assert (f"STAGING_AWS_ACCOUNT_ID={account}" in variables) is (stage == "staging")
    assert any("STAGING_AWS_ACCOUNT_ID is not set" in line for line in logged) is warned


@pytest.mark.parametrize(
    ("given", "recipient", "warned"),
    [(None, "alarms@example.com", True), ("ops@example.org", "ops@example.org", False)],
)
def test_the_recipient_of_alarms_comes_from_the_stage_variable(
    node: Callable[[int], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: str | None,
    recipient: str,
    warned: bool,
) -> None:
    (tmp_path / "project.config.ts").write_text(STAGES, encoding="utf-8")
    monkeypatch.delenv("STAGING_ALARM_EMAIL", raising=False)
    if given:
        monkeypatch.setenv("STAGING_ALARM_EMAIL", given)
    logged: list[str] = []
    out = node(0)
    rehearsal.run_rehearsal(tmp_path, "staging", out, logged.append)
    assert f"STAGING_ALARM_EMAIL={recipient}" in (out / "env").read_text(encoding="utf-8")
    assert any("STAGING_ALARM_EMAIL is not set" in line for line in logged) is warned


def lock(folder: Path, name: str, packages: dict[str, Any]) -> None:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"packages": {"": {}, **packages}}), encoding="utf-8")


@pytest.mark.parametrize(
    ("installed", "fresh"),
    [
        (None, False),
        ({"node_modules/sst": {"version": "4.17.1"}}, True),
        ({"node_modules/sst": {"version": "4.17.0"}}, False),
        ({"node_modules/sst": {"version": "4.17.1"}, "node_modules/old": {"version": "1.0.0"}}, False),
    ],
)
def test_packages_are_installed_again_when_they_differ(
    tmp_path: Path, installed: dict[str, Any] | None, fresh: bool
) -> None:
    locked = {"node_modules/sst": {"version": "4.17.1"}, "node_modules/mac": {"version": "1.0.0", "optional": True}}
    lock(tmp_path, "package-lock.json", locked)
    if installed is not None:
        lock(tmp_path, "node_modules/.package-lock.json", installed)
    assert node_modules.is_fresh(tmp_path) is fresh
