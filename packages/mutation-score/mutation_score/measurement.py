"""The measurement of a package: the mutants of each module, and whether a test noticed them."""

import importlib
import os
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from mutation_score.configuration import Configuration
from mutation_score.imported import judge_in_new_session
from mutation_score.mutants import Mutant, mutants_of
from mutation_score.selection import Selection
from mutation_score.session import Baseline, Session
from mutation_score.trial import Trial, run

ARGUMENTS = ("-q", "--tb=no", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
"""The warning is about plugins that were imported before pytest: each trial is a new session in an old process."""


class TestsFail(Exception):
    """Tests fail without a mutant."""

    __test__ = False


class Measurement:
    """Runs the tests once, and then mutants. Raises TestsFail."""

    def __init__(self, root: Path, configuration: Configuration, jobs: int) -> None:
        self.source = root / configuration.source
        self._configuration = configuration
        self._jobs = jobs
        self._arguments = [*ARGUMENTS, *configuration.pytest]
        self._session = self._start_session()
        self._baseline: Baseline = self._session.recv()
        if self._baseline.failed:
            raise TestsFail("\n".join(self._baseline.failed))
        self._selection = Selection(self.source, self._baseline.lines)
        for name in self._libraries():  # once, and not in each new session
            with suppress(Exception):
                importlib.import_module(name)

    def outcomes(self, module: Path) -> Iterator[tuple[Trial, bool]]:
        """A trial of each mutant of the module, and whether a test noticed it."""
        name, on_import, in_session = module.relative_to(self.source).as_posix(), [], []
        for mutant in mutants_of(module.read_text(encoding="utf-8")):
            if self._configuration.excluded(name, mutant):
                continue
            trial = self._trial(module, mutant)
            if not trial.tests:
                yield trial, False
            elif self._selection.takes_effect_on_import(module, mutant):
                on_import.append(trial)
            else:
                in_session.append(trial)
        yield from self._run_in_session(in_session)
        yield from run(on_import, judge_in_new_session(self._arguments), self._jobs)

    def end(self) -> None:
        """End the session."""
        self._session.send(())

    def _trial(self, module: Path, mutant: Mutant) -> Trial:
        tests = tuple(self._selection.tests_of(module, mutant))
        seconds = sum(self._baseline.seconds.get(test, 0.0) for test in tests)
        return Trial(module, self._selection.name_of(module), mutant, tests, seconds)

    def _run_in_session(self, trials: list[Trial]) -> Iterator[tuple[Trial, bool]]:
        if trials:
            self._session.send(trials)
        for _ in trials:
            index, noticed = self._session.recv()
            yield trials[index], noticed

    def _start_session(self) -> Connection:
        """Fork the process of the session. It writes nothing."""
        connection, of_session = Pipe()
        if os.fork():
            of_session.close()
            return connection
        try:
            connection.close()
            silent = os.open(os.devnull, os.O_RDWR)
            for stream in (1, 2):
                os.dup2(silent, stream)
            plugin = Session(self.source, of_session, self._jobs)
            pytest.main([*self._arguments, *self._configuration.tests], plugins=[plugin])
        finally:
            os._exit(0)

    def _libraries(self) -> Iterator[str]:
        """The modules that the tests import, without the package and the tests."""
        for name in self._baseline.modules:
            if name.partition(".")[0] not in (self.source.name, "tests", "conftest", "__main__"):
                yield name
