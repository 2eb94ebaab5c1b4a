"""The product under test, as its own package describes it to the harness.

The package is given as a folder with ``--product`` and imported by that folder's name. It defines the names of
``Product``. No other part of the harness knows the product.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast


@dataclass(frozen=True, slots=True)
class Mutant:
    """A way to break the product. It is applied in the functions' processes only."""

    description: str
    apply: Callable[[], None]
    rates: dict[str, float] = field(default_factory=dict)
    """The faults that reveal it, and their probabilities."""
    jobs: int = 30


@dataclass(frozen=True, slots=True)
class Queries:
    """SQL of the product. The columns of the first four are the fields of the named records, in their order."""

    events: str
    """``history.Event``, ordered by id."""
    jobs: str
    """``history.Job``."""
    ledger: str
    """``history.LedgerRow``, ordered by the start of the call."""
    spend: str
    """``history.Spend``."""
    open_jobs: str
    """The number of jobs without a final state."""
    due_jobs: str
    """The number of open jobs that do not wait for a later time."""


@dataclass(frozen=True, slots=True)
class LogMessages:
    """Messages in the logs of the functions. Each line has a ``job_id``."""

    late_result_refused: str
    """Its line also has the ``attempt``."""
    nothing_to_do: str
    job_postponed: str
    dead_letter_recorded: str


@dataclass(frozen=True, slots=True)
class Functions:
    """Names of the product's functions and of its API in the wiring."""

    api: str
    worker: str
    sweeper: str
    gateway: str


class Product(Protocol):
    """The contents of the package."""

    LEASE_S: int
    """Seconds of a worker's lease."""
    CIRCUIT_PAUSE_S: float
    """Seconds of the first pause of a model that fails."""
    QUERIES: Queries
    LOG_MESSAGES: LogMessages
    FUNCTIONS: Functions
    MUTANTS: Mapping[str, Mutant]

    def set_pace(self, factor: float) -> None:
        """Divide the product's timeouts and delays in this process."""

    def request_body(self, number: int, characters: int = 0) -> dict[str, Any]:
        """The request for one document, of at least so many characters. Its ``metadata`` has the number."""

    def text_of(self, number: int) -> str:
        """A text that is in this document's prompt, and in no other one's."""

    def as_tenant(self, event: dict[str, Any], tenant: str) -> None:
        """Make a tenant the caller of an event of API Gateway."""

    def set_limits(self, resources: dict[str, Any], model_calls: int, daily_bytes: int) -> None:
        """Limit concurrent model calls, and a tenant's bytes a day, in the resources of a wiring."""


def load(folder: Path) -> Product:
    """The package in a folder. Raises ImportError."""
    parent = str(folder.resolve().parent)
    if parent not in sys.path:
        sys.path.insert(0, parent)
    return cast(Product, importlib.import_module(folder.name))
