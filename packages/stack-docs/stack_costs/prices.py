"""The dated data behind the tables: ``prices.json``, and ``assumptions.json`` about the work of one analysis."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

HOURS = Decimal(730)
"""Hours in a month, as in AWS's pricing calculator."""


class Unpriced(Exception):
    """A part of the stack has no price in this package. The message names the entry to add and its file."""


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars by name, in one region."""

    true_on: str
    region: str
    usd: Mapping[str, Decimal]

    def of(self, name: str) -> Decimal:
        """The price of one unit. Raises Unpriced."""
        if name not in self.usd:
            raise Unpriced(
                f'The price "{name}" is unknown. Look it up and add it to packages/stack-docs/stack_costs/prices.json.'
            )
        return self.usd[name]


@cache
def shipped_prices() -> Prices:
    """The prices of this package."""
    data = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
    usd = {name: Decimal(entry["usd"]) for name, entry in data["prices"].items()}
    return Prices(data["true_on"], data["region"], usd)


@cache
def assumed(name: str) -> Decimal:
    """An assumption by its name in ``assumptions.json``, which also has its unit and source."""
    data = json.loads(Path(__file__).with_name("assumptions.json").read_text(encoding="utf-8"))
    return Decimal(data["values"][name]["value"])


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill."""

    item: str
    quantity: Decimal
    price: str
    """The name of the unit price in ``prices.json``."""

    @property
    def usd(self) -> Decimal:
        return self.quantity * shipped_prices().of(self.price)
