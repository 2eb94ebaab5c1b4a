"""The bills of all stages side by side: as Markdown for people, as JSON for programs."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from stack_graph.graph import Graph

from stack_costs.idle import idle
from stack_costs.models import Model, StageModels, Tokens, models_of
from stack_costs.prices import Line, assumed, shipped_prices
from stack_costs.use import analyses

NUMBER = Decimal(1000)
"""Number of analyses in the second table."""

Sums = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Bill:
    """The costs of one stage, in US dollars."""

    stage: str
    region: str
    idle: Sequence[Line]
    """A month without any request."""
    used: Sequence[Line]
    """1,000 analyses, without the model calls."""
    models: StageModels


def bill_of(graph: Graph, root: Path) -> Bill:
    """The bill of a graph, for the product in the repository ``root``. Raises Unpriced and CannotRun."""
    used = list(analyses(graph, NUMBER))
    return Bill(graph.stage, graph.region, idle(graph), used, models_of(graph, root))


def cost_of_model(model: Model, *, cached: bool) -> Decimal:
    """US dollars for the model calls of 1,000 analyses, one call each, with or without prompt caching."""
    tokens = Tokens(assumed("input_tokens"), assumed("output_tokens"))
    prefix = assumed("prefix_tokens") if cached else Decimal(0)
    return model.cost_of_calls(NUMBER, tokens, prefix)


def sums(lines: Iterable[Line]) -> dict[str, Decimal]:
    """The sums by item, in the order of the lines."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        found[line.item] += line.usd
    return dict(found)


def for_people(bills: Sequence[Bill]) -> str:
    """Three tables, with the date and the region of their prices above them."""
    defaults = [bill.models.default for bill in bills]
    used = [
        {model.name: cost_of_model(model, cached=True), **sums(bill.used)}
        for model, bill in zip(defaults, bills, strict=True)
    ]
    uncached = [cost_of_model(model, cached=False) - cost_of_model(model, cached=True) for model in defaults]
    stages = [bill.stage for bill in bills]
    prices = shipped_prices()
    note = f"US dollars in {prices.region}, at the prices of {prices.true_on}; AWS's free tier is not counted."
    elsewhere = [f"{bill.stage} is in {bill.region}" for bill in bills if bill.region != prices.region]
    if elsewhere:
        note += f" Elsewhere they differ, mostly upwards: {', '.join(elsewhere)}."
    idle_table = _table("a month, idle", stages, [sums(bill.idle) for bill in bills])
    used_table = _table("1,000 analyses", stages, used)
    totals = [_usd(sum(column.values(), extra)) for column, extra in zip(used, uncached, strict=True)]
    used_table.append(_row(["total without prompt caching", *totals]))
    return "\n".join([note, "", *idle_table, "", *used_table, "", _by_model(bills[0])])


def _table(title: str, stages: Sequence[str], columns: Sequence[Sums]) -> list[str]:
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = [[name, *(_usd(column.get(name)) for column in columns)] for name in names]
    rows.append(["**total**", *(f"**{_usd(Decimal(sum(column.values())))}**" for column in columns)])
    return [_row([title, *stages]), _row(["---", *("---:" for _ in stages)]), *map(_row, rows)]


def _by_model(bill: Bill) -> str:
    rows = [
        [model.name, _usd(cost_of_model(model, cached=True)), _usd(cost_of_model(model, cached=False))]
        for model in bill.models.current
    ]
    header = ["model calls of 1,000 analyses", "with prompt caching", "without"]
    return "\n".join(map(_row, [header, ["---", "---:", "---:"], *rows]))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _usd(amount: Decimal | None) -> str:
    if amount is None:
        return "-"
    return "< 0.01" if 0 < amount < Decimal("0.005") else f"{amount:.2f}"


def for_programs(bills: Sequence[Bill]) -> str:
    """Every line with its quantity and price."""
    return json.dumps(
        {
            "prices_of": shipped_prices().true_on,
            "region": shipped_prices().region,
            "stages": {bill.stage: _data(bill) for bill in bills},
            "models_usd_per_1000_analyses": {
                model.id: {
                    "with_prompt_caching": _rounded(cost_of_model(model, cached=True)),
                    "without": _rounded(cost_of_model(model, cached=False)),
                }
                for model in bills[0].models.current
            },
        },
        indent=2,
    )


def _data(bill: Bill) -> dict[str, Any]:
    return {
        "region": bill.region,
        "idle_usd_per_month": _rounded(sum(line.usd for line in bill.idle)),
        "idle": [_entry(line) for line in bill.idle],
        "usd_per_1000_analyses": _rounded(
            sum(line.usd for line in bill.used) + cost_of_model(bill.models.default, cached=True)
        ),
        "per_1000_analyses": [_entry(line) for line in bill.used],
        "model": bill.models.default.id,
    }


def _entry(line: Line) -> dict[str, Any]:
    usd = _rounded(line.usd)
    return {"what": line.item, "quantity": _rounded(line.quantity), "price": line.price, "usd": usd}


def _rounded(number: Decimal | int) -> float:
    return round(float(number), 6)
