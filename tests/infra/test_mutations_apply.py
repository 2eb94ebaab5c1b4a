"""Every source mutation still applies to the repository and names an existing rule.

The mutations quote the repository and run only once a week, so a rewritten text would be noticed a week later.
"""

import ast
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from deploy_checks.rules import Rule

from tests.mutations.additions import MUTATIONS as ADDITIONS
from tests.mutations.areas import EVERY
from tests.mutations.artifacts import large_file, medium_file
from tests.mutations.checkout import ROOT, Checkout
from tests.mutations.harmless import MUTATIONS as HARMLESS
from tests.mutations.locking import lock
from tests.mutations.mutation import Mutation

ALL = (*EVERY, *HARMLESS, *ADDITIONS)
SLOW = (lock, large_file, medium_file)
"""Not applied here: they quote nothing."""


class Tree:
    """A copy of the repository that is restored after each change, faster than git could."""

    def __init__(self, folder: Path) -> None:
        (folder / "unchanged").mkdir()
        self._unchanged = Checkout(folder / "unchanged", installed=()).root
        self.root = folder / "changed"
        shutil.copytree(self._unchanged, self.root, ignore=shutil.ignore_patterns(".git"))
        self._files = self._stats()

    def changed(self) -> list[Path]:
        """Changed, removed and new files."""
        now = self._stats()
        return [self.root / file for file in self._files.keys() | now.keys() if self._files.get(file) != now.get(file)]

    def restore(self) -> None:
        for path in self.changed():
            if (file := str(path.relative_to(self.root))) in self._files:
                shutil.copy2(self._unchanged / file, path)
            else:
                path.unlink()

    def _stats(self) -> dict[str, tuple[int, int]]:
        found = {}
        for folder, _, names in os.walk(self.root):
            for path in (f"{folder}/{name}" for name in names):
                stat = os.stat(path)  # noqa: PTH116 - a Path for each of them takes as long again
                found[os.path.relpath(path, self.root)] = (stat.st_mtime_ns, stat.st_mode)
        return found


def test_every_mutation_applies(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert [f"{mutation}: {problem}" for mutation in ALL for problem in problems(tree, mutation)] == []


def problems(tree: Tree, mutation: Mutation) -> Iterator[str]:
    """Reasons why the mutation has no effect, or another one than intended."""
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
            yield f"{mutation.file} does not exist"
        yield from not_python(changed)
    except (LookupError, OSError) as exc:
        yield str(exc)
    finally:
        tree.restore()


def not_python(files: list[Path]) -> Iterator[str]:
    """Files that no longer parse, so that another rule would report them."""
    for file in files:
        if file.suffix == ".py" and file.exists():
            try:
                ast.parse(file.read_bytes())
            except SyntaxError as exc:
                yield f"{file.name} does not parse: {exc}"


def test_every_mutation_names_a_rule() -> None:
    assert {mutation.finds for mutation in EVERY} <= set(get_args(Rule.__value__))


def test_mutation_names_are_unique() -> None:
    names = [str(mutation) for mutation in ALL]
    assert sorted({name for name in names if names.count(name) > 1}) == []
