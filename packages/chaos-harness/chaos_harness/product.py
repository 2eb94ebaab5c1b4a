"""The product under test, as its own package describes it to the harness.

The package is given as a folder with ``--product`` and imported by that folder's name. It defines ``LEASE_S``, the
seconds of a worker's lease; ``set_pace(factor)``, which divides the product's time constants in the process that calls
it; and ``MUTANTS``, by name.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast


@dataclass(frozen=True, slots=True)
class Mutant:
    """A way to break the product, applied inside the functions' processes only."""

    what: str
    apply: Callable[[], None]
    rates: dict[str, float] = field(default_factory=dict)
    """The faults that reveal it, and their probabilities."""
    jobs: int = 30


class Product(Protocol):
    """The package of a product."""

    LEASE_S: int
    MUTANTS: Mapping[str, Mutant]

    def set_pace(self, factor: float) -> None:
        """Divide the product's time constants in this process."""


def load(folder: Path) -> Product:
    """The package in a folder. Raises ImportError."""
    parent = str(folder.resolve().parent)
    if parent not in sys.path:
        sys.path.insert(0, parent)
    return cast(Product, importlib.import_module(folder.name))
