"""The choice of the tests that may notice a mutant, by the lines that each test executes."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mutation_score.mutants import Mutant

type LinesOfFiles = Mapping[str, Mapping[int, list[str]]]
"""The tests that execute each line, by file. A line that runs on import has the test ``""``."""


class Selection:
    """Chooses the tests that may notice a mutant. ``lines`` come from the session: see ``session``."""

    def __init__(self, source: Path, lines: LinesOfFiles) -> None:
        self._source = source
        self._lines = lines
        self._importers: dict[str, set[Path]] = defaultdict(set)
        for file in source.rglob("*.py"):
            for name in _imported(file):
                self._importers[name].add(file)

    def takes_effect_on_import(self, module: Path, mutant: Mutant) -> bool:
        """Whether the changed code runs when its module is imported."""
        return not mutant.scope or "" in self._changed(module, mutant)

    def tests_of(self, module: Path, mutant: Mutant) -> list[str]:
        """The tests that execute the changed lines, or else the enclosing function.

        A change that takes effect on import is judged by the tests of the module and of the modules that import it.
        """
        if not self.takes_effect_on_import(module, mutant):
            return sorted(self._changed(module, mutant))
        own, others = self._of_files([module]), self._of_files(self._importers[self.name_of(module)])
        return [*sorted(own), *sorted(others - own)]  # the module's own tests are more likely to notice

    def _changed(self, module: Path, mutant: Mutant) -> set[str]:
        lines = self._of_file(module)
        return _tests(lines, range(mutant.line, mutant.last_line + 1)) or _tests(lines, mutant.scope[1:])

    def _of_files(self, files: Iterable[Path]) -> set[str]:
        return {test for file in files for tests in self._of_file(file).values() for test in tests} - {""}

    def _of_file(self, file: Path) -> Mapping[int, list[str]]:
        return self._lines.get(str(file), {})

    def name_of(self, module: Path) -> str:
        """The module's name in imports."""
        return ".".join(module.relative_to(self._source.parent).with_suffix("").parts)


def _tests(lines: Mapping[int, list[str]], numbers: range) -> set[str]:
    return {test for number in numbers for test in lines.get(number, [])}


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
