"""The checks: the functions in ``CHECKS`` of every module here.

A check is a function that takes the rehearsed deploy and returns its verdict: findings, and ``NotChecked`` for what it
cannot judge here::

    def queues_have_dead_letters(rehearsed: Rehearsed) -> Iterable[Verdict]: ...

    CHECKS = (queues_have_dead_letters,)

Modules named ``files_*`` need only the files of the repository: their checks also run when the deploy could not be
rehearsed. A check that raises an error has checked nothing, and takes nothing from the verdict of the others.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterable

from stack_graph.graph import Rehearsed

from deploy_checks.finding import Verdict

type Check = Callable[[Rehearsed], Iterable[Verdict]]


def every_check() -> list[Check]:
    """All checks, in the order of their modules' names."""
    found: list[Check] = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        try:
            found.extend(getattr(importlib.import_module(f"{__name__}.{module.name}"), "CHECKS", ()))
        except ImportError as exc:
            found.append(unusable(f"{__name__}.{module.name}", exc))
    return found


def unusable(module: str, error: Exception) -> Check:
    """A check in place of those of a module that cannot be imported: it raises the error, and the others run."""

    def checks(_: Rehearsed) -> Iterable[Verdict]:
        raise error

    checks.__module__ = module
    return checks


def is_about(check: Check, rehearsed: Rehearsed) -> bool:
    """Whether the app has what the check is about: see ``deploy_checks.subjects``."""
    about: Callable[[Rehearsed], bool] | None = getattr(sys.modules.get(check.__module__), "ABOUT", None)
    return about is None or about(rehearsed)


def needs_graph(check: Check) -> bool:
    """Whether the check needs the graph of the deploy, and not only the repository's files."""
    return not check.__module__.rpartition(".")[2].startswith("files_")


def name_of(check: Check) -> str:
    """The check's name in the output, such as ``artifact_imports.handlers_import``."""
    return f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
