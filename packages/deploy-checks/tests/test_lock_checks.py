"""Checks of lock files and of commands that install packages: each case changes one thing in a copy of the files."""

import re
import shutil
from pathlib import Path

import pytest
from deploy_checks.checks import files_locks
from deploy_checks.finding import Finding
from deploy_checks.rules import Rule
from stack_graph.graph import Rehearsed

ROOT = Path(__file__).parents[3]
LOCK, NPM_LOCK, SETUP, MUTATIONS = (
    "uv.lock",
    "package-lock.json",
    "scripts/setup-env.sh",
    ".github/workflows/mutations.yml",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in (".github", ".ci"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "scripts").mkdir()
    for file in (LOCK, NPM_LOCK, *(str(script.relative_to(ROOT)) for script in (ROOT / "scripts").glob("*.sh"))):
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def findings(root: Path) -> list[Finding]:
    return [finding for check in files_locks.CHECKS for finding in check(Rehearsed.nothing(root, "dev"))]


def edit(root: Path, file: str, pattern: str, new: str) -> None:
    changed, times = re.subn(pattern, new, (root / file).read_text(), count=1)
    assert times == 1
    (root / file).write_text(changed)


def test_repository_has_no_findings(tree: Path) -> None:
    assert findings(tree) == []


@pytest.mark.parametrize(
    ("file", "pattern", "new", "rule"),
    [
        (LOCK, r', hash = "[^"]+"', "", "dependency-without-hash"),
        (LOCK, r'registry = "[^"]+"', 'git = "https://github.com/a/b?rev=1#abc"', "dependency-not-from-registry"),
        (LOCK, r'registry = "[^"]+"', 'url = "https://example.org/a.whl"', "dependency-not-from-registry"),
        (NPM_LOCK, r'\n *"integrity": "[^"]+",', "", "dependency-without-hash"),
        (
            NPM_LOCK,
            r'"resolved": "[^"]+"',
            '"resolved": "git+ssh://git@github.com/a/b.git#c"',
            "dependency-not-from-registry",
        ),
        (NPM_LOCK, r'"resolved": "[^"]+"', '"resolved": "https://example.org/a.tgz"', "dependency-not-from-registry"),
        (SETUP, "uv sync --locked", "uv sync", "install-past-the-lock"),
        ("scripts/setup-uv.sh", "--require-hashes -r scripts/uv.txt", "uv", "install-past-the-lock"),
        ("scripts/test.sh", "npm ci", "npm install", "install-past-the-lock"),
        (MUTATIONS, "run: ./scripts", "run: npm i && ./scripts", "install-past-the-lock"),
        (MUTATIONS, "run: ./scripts", "run: uv run ./scripts", "install-past-the-lock"),
    ],
)
def test_change_is_reported(tree: Path, file: str, pattern: str, new: str, rule: Rule) -> None:
    edit(tree, file, pattern, new)
    (found,) = findings(tree)
    assert (found.id, found.file) == (rule, file)
    assert found.line > 1


@pytest.mark.parametrize(
    ("file", "pattern", "new"),
    [
        (LOCK, r'registry = "[^"]+"', 'registry = "https://mirror.example.org/simple"'),
        (NPM_LOCK, r'\n *"resolved": "[^"]+",', ""),  # as npm writes it with omit-lockfile-registry-resolved
        (NPM_LOCK, "https://registry.npmjs.org/", "https://mirror.example.org/npm/"),
        (SETUP, "uv sync --locked", "uv sync --frozen"),
        (SETUP, "uv sync --locked", "UV_LOCKED=1 uv sync"),
        ("scripts/setup-uv.sh", "(?m)^log", "# npm install is for developers\nlog"),
        ("scripts/setup-uv.sh", "installing uv", "to have uv, uv sync or npm install would not do: installing it"),
    ],
)
def test_locked_installation_is_accepted(tree: Path, file: str, pattern: str, new: str) -> None:
    edit(tree, file, pattern, new)
    assert findings(tree) == []
