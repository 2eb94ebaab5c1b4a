"""Checks of the GitHub workflows and of the commands that they run: each case changes one thing in a copy."""

import shutil
from pathlib import Path

import pytest
from deploy_checks.checks import files_scripts, files_workflows
from deploy_checks.finding import Finding
from deploy_checks.rules import Rule
from stack_graph.graph import Rehearsed

ROOT = Path(__file__).parents[3]
DEPLOY, ROLLBACK = ".github/workflows/deploy.yml", ".github/workflows/rollback.yml"
ROLE = "          role-to-assume: ${{ vars.AWS_ROLE }}\n"
KEYS = "          aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in (".github", ".ci"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "scripts").mkdir()
    for script in (ROOT / "scripts").glob("*.sh"):
        shutil.copy(script, tmp_path / "scripts")
    return tmp_path


def findings(root: Path) -> list[Finding]:
    rehearsed = Rehearsed.nothing(root, "dev")
    checks = (*files_workflows.CHECKS, *files_scripts.CHECKS)
    return [finding for check in checks for finding in check(rehearsed)]


def edit(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new, 1))


def test_repository_has_no_findings(tree: Path) -> None:
    assert findings(tree) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "rule", "text"),
    [
        (DEPLOY, "jobs:", "jobs", "workflow-broken", "invalid YAML"),
        (DEPLOY, "\non:", "\nwhen:", "workflow-broken", '"on" is a required property'),
        (DEPLOY, "needs: check", "needs: tests", "workflow-broken", "tests"),
        (DEPLOY, "    concurrency:", "    x-concurrency:", "deploys-meet", "lock"),
        (DEPLOY, "cancel-in-progress: false", "cancel-in-progress: true", "deploy-cancelled", "cancels"),
        (ROLLBACK, "group: stage-", "group: rollback-", "deploys-meet", DEPLOY),
        (DEPLOY, "      id-token: write\n", "", "workflow-without-token", "id-token"),
        (DEPLOY, ROLE, KEYS, "workflow-stores-keys", "never expire"),
        (DEPLOY, "@e6de054238d6b7531b4efff3b6587d9aade6a06c", "@v6", "action-not-pinned", "@v6"),
        (
            DEPLOY,
            "      - run: ./scripts/",
            "      - run: echo '${{ github.event.head_commit.message }}'\n      - run: ./scripts/",
            "workflow-insecure",
            "template-injection",
        ),
        (DEPLOY, "aws-actions/configure", "example/configure", "workflow-without-credentials", "deploys"),
    ],
)
def test_change_is_reported(tree: Path, file: str, old: str, new: str, rule: Rule, text: str) -> None:
    edit(tree, file, old, new)
    [found] = findings(tree)
    assert (found.id, found.file) == (rule, file)
    assert text in found.message


def test_command_that_is_not_executable_is_reported(tree: Path) -> None:
    (tree / "scripts/deploy.sh").chmod(0o644)
    [found] = findings(tree)
    assert (found.id, found.file) == ("script-not-executable", "scripts/deploy.sh")


def test_command_with_windows_line_ends_is_reported(tree: Path) -> None:
    script = tree / ".ci/run"
    script.write_bytes(script.read_bytes().replace(b"\n", b"\r\n"))
    [found] = findings(tree)
    assert (found.id, found.file) == ("script-broken", ".ci/run")


def test_command_with_a_syntax_error_is_reported(tree: Path) -> None:
    with (tree / "scripts/local.sh").open("a") as script:
        script.write("if true; then\n")
    [found] = findings(tree)
    assert (found.id, found.file) == ("script-broken", "scripts/local.sh")
    assert found.line > 1


def test_command_with_a_likely_mistake_is_reported(tree: Path) -> None:
    with (tree / "scripts/local.sh").open("a") as script:
        script.write('rm -rf "$UNSET_FOLDER/"*\n')
    [found] = findings(tree)
    assert (found.id, found.severity, found.file) == ("script-mistake", "medium", "scripts/local.sh")
