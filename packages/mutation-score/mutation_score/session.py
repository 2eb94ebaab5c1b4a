"""A test session that runs all tests once, and then tries changes of functions in forked copies of itself.

A copy has collected the tests already and has imported the package: it replaces the code of the changed function, and
runs the selected tests. This takes a tenth of the time of a new session.
"""

import functools
import gc
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import coverage
import pytest

from mutation_score.selection import LinesOfFiles
from mutation_score.trial import Trial, run


@dataclass(frozen=True, slots=True)
class Baseline:
    """The tests without a mutant."""

    lines: LinesOfFiles
    seconds: dict[str, float]
    """The duration of each test."""
    failed: list[str]
    modules: list[str]
    """The modules that they import."""


class Session:
    """A pytest plugin. It sends the tests of each line, and then the outcome of each trial that it receives."""

    def __init__(self, source: Path, connection: Connection, jobs: int) -> None:
        self._coverage = coverage.Coverage(data_file=None, config_file=False, source=[str(source)])
        self._connection = connection
        self._jobs = jobs
        self._items: dict[str, pytest.Item] = {}
        self._failed: list[str] = []
        self._seconds: dict[str, float] = defaultdict(float)
        self._source = source
        self._coverage.start()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that could not be imported."""
        if report.failed:
            self._failed.append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failed test: a mutant is noticed by it, and without a mutant it ends the run."""
        self._seconds[report.nodeid] += report.duration
        if report.failed:
            self._failed.append(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run every test once, then the trials."""
        self._items = {item.nodeid: item for item in session.items}
        caches = _caches(self._source)
        for item, following in zip(session.items, [*session.items[1:], None], strict=True):
            for cache in caches:  # or only the first test would execute a cached function
                cache.cache_clear()
            self._coverage.switch_context(item.nodeid)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        self._coverage.stop()
        self._connection.send(Baseline(self._lines(), dict(self._seconds), self._failed, sorted(sys.modules)))
        while trials := self._connection.recv():
            for trial, noticed in run(trials, self._passes, self._jobs):
                self._connection.send((trials.index(trial), noticed))
        return True

    def _lines(self) -> dict[str, dict[int, list[str]]]:
        data = self._coverage.get_data()
        return {file: data.contexts_by_lineno(file) for file in data.measured_files()}

    def _passes(self, trial: Trial) -> bool:
        _replace_code(trial, self._source)
        for test in trial.tests:
            item = self._items[test]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            if self._failed:
                return False
        return True


def _replace_code(trial: Trial, source: Path) -> None:
    """Give the changed function its new code, and forget results that functions of the package have cached."""
    module, line = str(trial.module), trial.mutant.scope[0]
    (new,) = (code for code in _codes(compile(trial.mutant.source, module, "exec")) if code.co_firstlineno == line)
    for found in gc.get_objects():
        if isinstance(found, FunctionType):
            code = found.__code__
            if code.co_filename == module and code.co_firstlineno == line and code.co_qualname == new.co_qualname:
                found.__code__ = new
    for cache in _caches(source):
        cache.cache_clear()


def _caches(source: Path) -> list[Any]:
    """The functions of the package that keep their results."""
    return [
        found
        for found in gc.get_objects()
        if isinstance(found, functools._lru_cache_wrapper)
        and isinstance(found.__wrapped__, FunctionType)
        and found.__wrapped__.__code__.co_filename.startswith(str(source))
    ]


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of the functions and methods of a module or class, without those inside functions."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            if constant.co_name.isidentifier() and not constant.co_flags & 0x2:  # a class's body
                yield from _codes(constant)
