"""The registry of analyses: every module of this package is one. To add an analysis, add a file here."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType

from pipeline.definitions.analysis import Analysis, AnyAnalysis


class RegistryError(Exception):
    """A module here is not an analysis, or two have one name: a mistake in code, never in a request."""


def load() -> Mapping[str, AnyAnalysis]:
    """Import every module of this package and return its analyses by name, sorted.

    Raises ``RegistryError`` for a module without an ``ANALYSIS`` and for a name used twice.
    """
    return collect(import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))


def collect(modules: Iterable[ModuleType]) -> Mapping[str, AnyAnalysis]:
    """Return the ``ANALYSIS`` of each module by name, sorted. Raises ``RegistryError``, see ``load``."""
    owners: dict[str, str] = {}
    analyses: dict[str, AnyAnalysis] = {}
    for module in modules:
        analysis = getattr(module, "ANALYSIS", None)
        if not isinstance(analysis, Analysis):
            raise RegistryError(f"{module.__name__} has no module-level ANALYSIS of type Analysis: give it one")
        if analysis.name in analyses:
            raise RegistryError(f"{owners[analysis.name]} and {module.__name__} are both {analysis.name!r}: rename one")
        owners[analysis.name] = module.__name__
        analyses[analysis.name] = analysis
    return MappingProxyType(dict(sorted(analyses.items())))
