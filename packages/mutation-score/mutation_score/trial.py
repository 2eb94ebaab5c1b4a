"""Mutants on trial: each in a forked process, some at a time."""

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mutation_score.mutants import Mutant

SLOWER = 10
"""A mutant whose tests take so many times longer than without it is noticed: it may be an endless loop."""

PAUSE_S = 20.0
"""Added to that time, for the begin of a process on a busy machine."""

MOST_MEMORY_BYTES = 8 * 2**30
"""Of address space: an endless loop that fills a list ends here."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant, and the tests that may notice it."""

    module: Path
    name: str
    """The module's name in imports."""
    mutant: Mutant
    tests: tuple[str, ...]
    seconds: float
    """The duration of the tests without the mutant."""

    @property
    def longest_s(self) -> float:
        """The time in seconds after which the trial ends, and the mutant counts as noticed."""
        return PAUSE_S + SLOWER * self.seconds


Judge = Callable[[Trial], bool]
"""Runs the tests of a trial in this process, and returns whether they pass."""


def run(trials: Sequence[Trial], judge: Judge, jobs: int) -> Iterator[tuple[Trial, bool]]:
    """Run the trials. Yields each with whether a test noticed the mutant, in the order of their ends."""
    waiting = list(reversed(trials))
    running: dict[int, tuple[Trial, float]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            trial = waiting.pop()
            running[_start(trial, judge)] = trial, time.monotonic() + trial.longest_s
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid in running:
            yield running.pop(pid)[0], status != 0
            continue
        for overdue in [pid for pid, (_, end) in running.items() if time.monotonic() > end]:
            with suppress(ProcessLookupError):
                os.killpg(overdue, signal.SIGKILL)
        time.sleep(0.01)


def _start(trial: Trial, judge: Judge) -> int:
    """Fork a process that exits with 0 if the tests pass."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
        silent = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silent, stream)
        os._exit(0 if judge(trial) else 1)
    finally:
        os._exit(1)
