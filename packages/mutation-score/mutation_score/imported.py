"""The trial of a change that takes effect on import: a new test session, which imports the mutant."""

import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from mutation_score.trial import Judge, Trial


class MutantLoader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the mutant's source under the module's name."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> ModuleSpec | None:
        if fullname != self._trial.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._trial.module, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        code = compile(self._trial.mutant.source, str(self._trial.module), "exec")
        exec(code, module.__dict__)  # noqa: S102 - the repository's own source, changed in one place


def judge_in_new_session(arguments: Sequence[str]) -> Judge:
    """A judge for a process that has not imported the package."""

    def judge(trial: Trial) -> bool:
        sys.meta_path.insert(0, MutantLoader(trial))
        return pytest.main([*arguments, "-x", *trial.tests]) is pytest.ExitCode.OK

    return judge
