"""The type check: tsc on the program, with one small component instead of SST's platform."""

import shutil
from pathlib import Path

import pytest
from deploy_checks.checks import files_node
from deploy_checks.finding import Finding

from tests.support.source_tree import ROOT, SourceTree, copy_repository


def type_errors(tree: SourceTree) -> list[Finding]:
    files_node.compiled.cache_clear()  # the command compiles once; a test edits in between
    return tree.findings([files_node.types])


@pytest.fixture
def typed(tmp_path: Path) -> SourceTree:
    """A copy with one small component instead of SST's platform, which takes long to compile."""
    if not (ROOT / "node_modules/typescript/bin/tsc").is_file():
        pytest.skip("npm ci has not been run")
    tree = copy_repository(tmp_path)
    shutil.rmtree(tree.root / "node_modules")
    (tree.root / "node_modules").symlink_to(ROOT / "node_modules")
    (tree.root / ".venv").symlink_to(ROOT / ".venv")
    shutil.rmtree(tree.root / "infra")
    (tree.root / "project.config.ts").unlink()
    tree.add("sst.config.ts", '/// <reference path="./.sst/platform/config.d.ts" />\n')
    tree.add(".sst/platform/config.d.ts", "")
    tree.add("infra/sst.d.ts", "declare class Queue { constructor(name: string, args: { fifo?: boolean }); }\n")
    tree.add("infra/jobs/queue.ts", 'export const jobs = new Queue("Jobs", {\n  fifo: true,\n});\n')
    return tree


def test_argument_that_sst_ignores_is_reported(typed: SourceTree) -> None:
    assert type_errors(typed) == []
    typed.edit("infra/jobs/queue.ts", "fifo: true,\n", "fifo: true,\n  messageRetentionPeriod: 14,\n")
    [finding] = type_errors(typed)
    assert (finding.id, finding.file, finding.line) == ("typescript-error", "infra/jobs/queue.ts", 3)
    assert finding.severity == "medium"
    assert "silently ignores" in finding.message


def test_loose_or_partial_type_checking_is_reported(typed: SourceTree) -> None:
    typed.edit("tsconfig.json", '"strict": true', '"strict": false')
    [loose] = type_errors(typed)
    assert (loose.id, loose.line) == ("types-not-strict", typed.line("tsconfig.json", '"strict"'))
    typed.edit("tsconfig.json", '"strict": false', '"strict": true')
    typed.edit("tsconfig.json", "infra/**/*.ts", "infra/**/*.d.ts")
    [missed] = type_errors(typed)
    assert (missed.id, missed.file) == ("types-not-checked", "tsconfig.json")
    assert "infra/jobs/queue.ts" in missed.message


def test_program_without_the_platform_types_is_reported(typed: SourceTree) -> None:
    typed.add("sst.config.ts", "export {};\n")
    typed.append("infra/jobs/queue.ts", "sst.aws;\naws.s3;\n")
    [found] = type_errors(typed)
    assert (found.id, found.file) == ("types-not-checked", "sst.config.ts")


def test_missing_platform_hides_type_errors(typed: SourceTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_node, "install_platform", lambda *_: None)
    (typed.root / ".sst/platform/config.d.ts").unlink()
    typed.append("infra/jobs/queue.ts", "sst.aws;\n")
    assert type_errors(typed) == []  # the rehearsal reports the cause


@pytest.mark.parametrize("text", ["", "{", '{"compilerOptions": {}, "include": ["nothing.ts"]}'])
def test_broken_tsconfig_is_reported(typed: SourceTree, text: str) -> None:
    typed.add("tsconfig.json", text)
    assert {finding.file for finding in type_errors(typed)} == {"tsconfig.json"}
