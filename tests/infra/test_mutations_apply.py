"""The mutations of tests/mutations are run once a week. Here is seen, at once, that each still has something to break.

They quote the repository: a quoted text that is rewritten, or a check that is renamed, would be noticed a week later.
"""

import ast
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.mutations.areas import EVERY
from tests.mutations.artifacts import large_file, medium_file
from tests.mutations.checkout import ROOT, Checkout
from tests.mutations.harmless import MUTATIONS as HARMLESS
from tests.mutations.locking import lock
from tests.mutations.mutation import Mutation

SLOW = (lock, large_file, medium_file)
"""Left out: they quote nothing."""
NO_PYTHON = {"code-does-not-parse"}


class Tree:
    """A copy of the repository that is broken and mended hundreds of times: git would take seconds a hundred."""

    def __init__(self, folder: Path) -> None:
        (folder / "whole").mkdir()
        self._whole = Checkout(folder / "whole", installed=()).root
        self.root = folder / "broken"
        shutil.copytree(self._whole, self.root, ignore=shutil.ignore_patterns(".git"))
        self._files = self._stats()

    def changed(self) -> list[Path]:
        """The files that are not as they were, or not there, or new."""
        now = self._stats()
        return [self.root / file for file in self._files.keys() | now.keys() if self._files.get(file) != now.get(file)]

    def mend(self) -> None:
        for path in self.changed():
            if (file := str(path.relative_to(self.root))) in self._files:
                shutil.copy2(self._whole / file, path)
            else:
                path.unlink()

    def _stats(self) -> dict[str, tuple[int, int]]:
        found = {}
        for folder, _, names in os.walk(self.root):
            for path in (f"{folder}/{name}" for name in names):
                stat = os.stat(path)  # noqa: PTH116 - a Path for each of them takes as long again
                found[os.path.relpath(path, self.root)] = (stat.st_mtime_ns, stat.st_mode)
        return found


def test_each_mutation_finds_what_it_breaks(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert [f"{mutation}: {fault}" for mutation in (*EVERY, *HARMLESS) for fault in faults(tree, mutation)] == []


def faults(tree: Tree, mutation: Mutation) -> Iterator[str]:
    """Why the mutation does not do what it says."""
    changes = [change for change in mutation.changes if change not in SLOW]
    if not changes:
        return
    try:
        for change in changes:
            change(tree.root)
        changed = tree.changed()
        if not changed:
            yield "it changes nothing"
        if not any((root / mutation.file).exists() for root in (ROOT, tree.root)):
            yield f"nobody can find anything in {mutation.file}, which is not there"
        if mutation.finds not in NO_PYTHON:
            yield from not_python(changed)
    except (LookupError, OSError) as fault:
        yield str(fault)
    finally:
        tree.mend()


def not_python(files: list[Path]) -> Iterator[str]:
    """What would be found for another reason than the one meant."""
    for file in files:
        if file.suffix == ".py" and file.exists():
            try:
                ast.parse(file.read_bytes())
            except SyntaxError as fault:
                yield f"{file.name} is no Python any more: {fault}"


def test_each_mutation_is_to_be_found_by_a_rule_that_there_is() -> None:
    command = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "packages/deploy-checks/deploy_checks").rglob("*.py")
    )
    assert sorted({mutation.finds for mutation in EVERY if not is_rule(mutation.finds, command)}) == []


def is_rule(name: str, command: str) -> bool:
    """Whether the command's text has it: whole, or all but its first or its last words, which are put in."""
    first, _, rest = name.partition("-")
    return any(text in command for text in (f'"{name}"', f'f"{first}-{{', f'}}-{rest}"'))


def test_no_two_mutations_have_one_name() -> None:
    names = [str(mutation) for mutation in (*EVERY, *HARMLESS)]
    assert sorted({name for name in names if names.count(name) > 1}) == []
