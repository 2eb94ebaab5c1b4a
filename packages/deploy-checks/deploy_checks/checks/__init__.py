"""The checks: every module here that has ``CHECKS`` is asked.

A check is a function that is given the rehearsed deploy and says what is wrong with it::

    def queues_have_dead_letters(rehearsed: Rehearsed) -> Iterable[Finding]: ...

    CHECKS = (queues_have_dead_letters,)

Modules named ``files_*`` look at the files of the repository alone: they are also asked when the deploy could not be
rehearsed, and there is no whole graph. A check that raises ends the command with exit status 2: what could not be
looked at is not in order.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable

from stack_graph.graph import Rehearsed

from deploy_checks.finding import Finding

type Check = Callable[[Rehearsed], Iterable[Finding]]


def every_check() -> list[Check]:
    """All checks, in the order of their modules' names."""
    found: list[Check] = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        try:
            found.extend(getattr(importlib.import_module(f"{__name__}.{module.name}"), "CHECKS", ()))
        except ImportError as fault:
            found.append(_unusable(module.name, fault))
    return found


def _unusable(module: str, fault: ImportError) -> Check:
    """Stands for the checks of a module that cannot be imported: it raises, so the command says so, and goes on."""

    def checks(_: Rehearsed) -> Iterable[Finding]:
        raise fault

    checks.__module__ = f"{__name__}.{module}"
    return checks


def needs_graph(check: Check) -> bool:
    """Whether the check looks at what the deploy would make, and not at the repository's files alone."""
    return not check.__module__.rpartition(".")[2].startswith("files_")


def name_of(check: Check) -> str:
    """The check's name for people: ``artifact_handlers.handlers_import``."""
    return f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
