"""The prices, and what one analysis is taken to do: data with a date, in ``prices.json`` and ``assumptions.json``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

HOURS = Decimal(730)
"""In a month, as AWS's own calculator counts."""


class Unpriced(Exception):
    """Something in the stack costs what nobody here has looked up. The message says what to add where."""


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
                f'There is no price "{name}": look it up and add it to packages/stack-docs/stack_costs/prices.json.'
            )
        return self.usd[name]


@cache
def shipped_prices() -> Prices:
    data = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
    usd = {name: Decimal(entry["usd"]) for name, entry in data["prices"].items()}
    return Prices(data["true_on"], data["region"], usd)


@cache
def assumed(name: str) -> Decimal:
    """What is taken for granted, by its name in ``assumptions.json``."""
    data = json.loads(Path(__file__).with_name("assumptions.json").read_text(encoding="utf-8"))
    return Decimal(data["values"][name]["value"])


@dataclass(frozen=True, slots=True)
class Line:
    """Something on the bill."""

    what: str
    quantity: Decimal
    price: str
    """Its name in ``prices.json``."""

    @property
    def usd(self) -> Decimal:
        return self.quantity * shipped_prices().of(self.price)
