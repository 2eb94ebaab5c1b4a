"""The command pre-deploy: what it prints where, its exit status, and how it holds a rehearsal."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deploy_checks import __main__ as command
from deploy_checks import node_modules, rehearsal
from deploy_checks.checks import Check, every_check, name_of
from deploy_checks.finding import Finding, Severity, in_order
from stack_graph.errors import CannotRun
from stack_graph.graph import Rehearsed

from tests.support.rehearsed import Deploy

ROOT = Path(__file__).parents[2]


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    return Deploy(tmp_path)


@pytest.fixture
def judged(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the command on a rehearsal made by hand, with these checks alone."""

    def run(*checks: Check, more: tuple[str, ...] = ("--json",)) -> int:
        monkeypatch.setattr(command, "every_check", lambda: list(checks))
        deploy.write()
        arguments = ["--stage", "dev", "--root", str(deploy.root), "--rehearsal", str(deploy.out)]
        return command.main([*arguments, *more])

    return run


def finding(identifier: str, severity: Severity = "medium") -> Finding:
    return Finding(identifier, severity, "infra/main.ts", 7, f"{identifier} happens", "mend it")


def content(_rehearsed: Rehearsed) -> Iterable[Finding]:
    return ()


def grumbling(_rehearsed: Rehearsed) -> Iterable[Finding]:
    return [finding("small", "low"), finding("grave", "critical")]


def crashing(_rehearsed: Rehearsed) -> Iterable[Finding]:
    raise LookupError("on purpose")


def test_no_finding(judged: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(content) == 0
    out = json.loads(capsys.readouterr().out)
    assert out.pop("seconds") >= 0
    assert out == {"ok": True, "stage": "dev", "checks": 2, "findings": []}  # its own, and the account's


def test_findings(judged: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(content, grumbling) == 1
    printed = capsys.readouterr()
    out = json.loads(printed.out)
    assert (out["ok"], out["checks"]) == (False, 3)
    assert out["findings"][0] == {
        "id": "grave",
        "severity": "critical",
        "file": "infra/main.ts",
        "line": 7,
        "message": "grave happens",
        "fix": "mend it",
    }
    assert printed.err.index("infra/main.ts:7  grave") < printed.err.index("infra/main.ts:7  small")


def test_one_cause_is_one_finding_that_names_all(
    judged: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    def of_each(_rehearsed: Rehearsed) -> Iterable[Finding]:
        for name in ("Api", "Migrator", "Sweeper"):
            yield replace(finding("same"), message=f"{name} has no DB_HOST.", subjects=(name,))

    assert judged(of_each, grumbling) == 1
    _, same, *others = json.loads(capsys.readouterr().out)["findings"]
    assert (same["message"], same["fix"]) == ("Api, Migrator and Sweeper has no DB_HOST.", "mend it")
    assert len(others) == 1


def test_what_is_to_be_mended_first_comes_first() -> None:
    def of(identifier: str, severity: Severity, file: str, line: int, message: str) -> Finding:
        return Finding(identifier, severity, file, line, message, "mend it")

    echo = of("rehearsal-failed", "high", "sst.config.ts", 1, "UV export failed with exit code 2")
    unplaced = of("rehearsal-failed", "high", "sst.config.ts", 1, "The app name is invalid.")
    placed = of("rehearsal-failed", "high", "infra/jobs/queue.ts", 7, "Queue is not unique")
    silent = of("import-undeclared", "critical", "functions/a.py", 3, "No module named x")
    lock = of("project-file-broken", "high", "uv.lock", 9, "uv cannot read it")
    assert in_order([echo, unplaced, placed, silent, lock]) == [placed, lock, silent, unplaced]
    assert in_order([echo, silent]) == [silent, echo]


def test_without_json_nothing_is_on_stdout(judged: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(grumbling, more=()) == 1
    assert capsys.readouterr().out == ""


def test_a_check_that_crashes_is_never_silent(judged: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(crashing, grumbling) == 2
    printed = capsys.readouterr()
    out = json.loads(printed.out)
    assert out["ok"] is False
    assert out["errors"] == ["The check test_pre_deploy_command.crashing crashed: LookupError: on purpose"]
    assert len(out["findings"]) == 2
    assert out["errors"][0] in printed.err


def test_a_deploy_that_fails(
    judged: Callable[..., int], deploy: Deploy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def files(_rehearsed: Rehearsed) -> Iterable[Finding]:
        return [finding("of-a-file")]

    files.__module__ = "deploy_checks.checks.files_made_up"
    deploy.complete = False
    deploy.diagnostics = [
        {
            "severity": "error",
            "message": "Error: Handler not found: a.b.handler",
            "urn": None,
            "sourcePosition": {"file": "infra/main.ts", "line": 3},
        }
    ]
    assert judged(crashing, files) == 1  # of an unfinished graph only the files are judged
    failed, of_a_file = json.loads(capsys.readouterr().out)["findings"]
    assert (failed["id"], failed["severity"], failed["file"], failed["line"]) == (
        "rehearsal-failed",
        "high",
        "infra/main.ts",
        3,
    )
    assert "Handler not found: a.b.handler" in failed["message"]
    assert of_a_file["id"] == "of-a-file"


def test_a_warning_of_sst(judged: Callable[..., int], deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    deploy.diagnostics = [{"severity": "warning", "message": "uv.lock is not up to date", "sourcePosition": None}]
    assert judged(content) == 1
    (warned,) = json.loads(capsys.readouterr().out)["findings"]
    assert (warned["id"], warned["severity"], warned["file"]) == ("rehearsal-warning", "medium", "uv.lock")


@pytest.mark.parametrize("arguments", [["--stage", "staging"], ["--stage", "dev", "--rehearsal", "/nowhere"]])
def test_what_cannot_be_judged(deploy: Deploy, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    deploy.write()
    held = [] if "--rehearsal" in arguments else ["--rehearsal", str(deploy.out)]
    assert command.main([*arguments, *held, "--root", str(deploy.root), "--json"]) == 2
    printed = capsys.readouterr()
    out = json.loads(printed.out)
    assert (out["ok"], out["findings"]) == (False, [])
    assert "could not be run" in out["errors"][0]
    assert out["errors"][0] in printed.err


def test_the_checks_have_names_of_their_own() -> None:
    names = [name_of(check) for check in every_check()]
    assert len(names) == len(set(names))
    assert {name.partition("_")[0] for name in names} >= {"artifact"}


def test_the_help() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy_checks", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "--stage S" in done.stdout


# Holding a rehearsal


FAKE_NODE = """\
#!/bin/sh
env > "{out}/env"
echo "$@" > "{out}/arguments"
echo '{{}}' > "{out}/graph.json"
echo "words of the rehearsal" >&2
exit {status}
"""


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Path]:
    """A program in place of node, in the environment's own folder, that ends as told."""

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
def test_a_rehearsal_that_was_held(node: Callable[[int], Path], tmp_path: Path, status: int) -> None:
    out = node(status)
    rehearsal.run_rehearsal(tmp_path, "dev", out, lambda _: None)
    arguments = (out / "arguments").read_text(encoding="utf-8")
    assert f"--app {tmp_path} --stage dev --out {out} --account 111122223333" in arguments


def test_a_rehearsal_that_could_not_be_held(node: Callable[[int], Path], tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="words of the rehearsal"):
        rehearsal.run_rehearsal(tmp_path, "dev", node(2), lambda _: None)


STAGES = """
export const stages = {
  dev: {
    accountVariable: "DEV_AWS_ACCOUNT_ID",
  },
  staging: {
    accountVariable: "STAGING_AWS_ACCOUNT_ID",
  },
};
"""


@pytest.mark.parametrize(
    ("stage", "given", "account", "told"),
    [
        ("staging", None, "111122223333", True),
        ("staging", "444455556666", "444455556666", False),
        ("dev-maria", None, "111122223333", False),
    ],
)
def test_the_account(
    node: Callable[[int], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    given: str | None,
    account: str,
    told: bool,
) -> None:
    (tmp_path / "project.config.ts").write_text(STAGES, encoding="utf-8")
    monkeypatch.delenv("STAGING_AWS_ACCOUNT_ID", raising=False)
    monkeypatch.delenv("DEV_AWS_ACCOUNT_ID", raising=False)
    if given:
        monkeypatch.setenv("STAGING_AWS_ACCOUNT_ID", given)
    said: list[str] = []
    out = node(0)
    rehearsal.run_rehearsal(tmp_path, stage, out, said.append)
    assert f"--account {account}" in (out / "arguments").read_text(encoding="utf-8")
    variables = (out / "env").read_text(encoding="utf-8")
    assert (f"STAGING_AWS_ACCOUNT_ID={account}" in variables) is (stage == "staging")
    assert any("STAGING_AWS_ACCOUNT_ID is not set" in line for line in said) is told


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
def test_packages_that_are_installed_again(tmp_path: Path, installed: dict[str, Any] | None, fresh: bool) -> None:
    locked = {"node_modules/sst": {"version": "4.17.1"}, "node_modules/mac": {"version": "1.0.0", "optional": True}}
    lock(tmp_path, "package-lock.json", locked)
    if installed is not None:
        lock(tmp_path, "node_modules/.package-lock.json", installed)
    assert node_modules.is_fresh(tmp_path) is fresh
