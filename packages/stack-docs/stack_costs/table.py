"""The bills of the stages side by side: as Markdown for people, as JSON for programs."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipeline.models.catalogue import Model, shipped_catalogue
from pipeline.models.prices import Usage
from pipeline.models.stage_config import StageConfig
from stack_graph.graph import Graph
from stack_graph.parameters import CONFIG, known_value

from stack_costs.idle import idle
from stack_costs.prices import Line, assumed, shipped_prices
from stack_costs.use import analyses

NUMBER = Decimal(1000)
"""Analyses, in the second table."""

Sums = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Bill:
    """Of one stage, in US dollars."""

    stage: str
    region: str
    idle: Sequence[Line]
    used: Sequence[Line]
    """1,000 analyses, without the model."""
    model: Model
    """The stage's default."""


def bill_of(graph: Graph) -> Bill:
    """The bill of a graph. Raises Unpriced."""
    return Bill(graph.stage, graph.region, idle(graph), list(analyses(graph, NUMBER)), _default_model(graph))


def _default_model(graph: Graph) -> Model:
    config = StageConfig.model_validate_json(known_value(graph, CONFIG))
    return config.catalogue.find(config.default_model)


def of_model(model: Model) -> Decimal:
    """What the model's calls cost for 1,000 analyses."""
    usage = Usage(int(assumed("input_tokens")), int(assumed("output_tokens")))
    return NUMBER * model.price.of_call(usage)


def sums(lines: Iterable[Line]) -> dict[str, Decimal]:
    """By what it is, in the order of the lines."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        found[line.what] += line.usd
    return dict(found)


def for_people(bills: Sequence[Bill]) -> str:
    """Two tables, and what they stand on."""
    used = [{bill.model.name: of_model(bill.model), **sums(bill.used)} for bill in bills]
    stages = [bill.stage for bill in bills]
    prices = shipped_prices()
    note = f"US dollars in {prices.region}, at the prices of {prices.true_on}; AWS's free tier is not counted."
    elsewhere = [f"{bill.stage} is in {bill.region}" for bill in bills if bill.region != prices.region]
    if elsewhere:
        note += f" Elsewhere they differ, mostly upwards: {', '.join(elsewhere)}."
    idle_table = _table("a month, idle", stages, [sums(bill.idle) for bill in bills])
    used_table = _table("1,000 analyses", stages, used)
    return "\n".join([note, "", *idle_table, "", *used_table, "", _other_models(bills[0])])


def _table(title: str, stages: Sequence[str], columns: Sequence[Sums]) -> list[str]:
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = [[name, *(_usd(column.get(name)) for column in columns)] for name in names]
    rows.append(["**together**", *(f"**{_usd(Decimal(sum(column.values())))}**" for column in columns)])
    return [_row([title, *stages]), _row(["---", *("---:" for _ in stages)]), *map(_row, rows)]


def _other_models(bill: Bill) -> str:
    current = [model for model in shipped_catalogue().models if model.lifecycle.state == "current"]
    others = [f"{model.name} {_usd(of_model(model))}" for model in current if model.id != bill.model.id]
    return f"1,000 analyses with another model: {', '.join(others)} in place of {_usd(of_model(bill.model))}."


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _usd(amount: Decimal | None) -> str:
    if amount is None:
        return "-"
    return "< 0.01" if 0 < amount < Decimal("0.005") else f"{amount:.2f}"


def for_programs(bills: Sequence[Bill]) -> str:
    """Every line, with its quantity and its price."""
    current = [model for model in shipped_catalogue().models if model.lifecycle.state == "current"]
    return json.dumps(
        {
            "prices_of": shipped_prices().true_on,
            "region": shipped_prices().region,
            "stages": {bill.stage: _data(bill) for bill in bills},
            "models_usd_per_1000_analyses": {model.id: float(of_model(model)) for model in current},
        },
        indent=2,
    )


def _data(bill: Bill) -> dict[str, Any]:
    return {
        "region": bill.region,
        "idle_usd_per_month": _rounded(sum(line.usd for line in bill.idle)),
        "idle": [_entry(line) for line in bill.idle],
        "usd_per_1000_analyses": _rounded(sum(line.usd for line in bill.used) + of_model(bill.model)),
        "per_1000_analyses": [_entry(line) for line in bill.used],
        "model": bill.model.id,
    }


def _entry(line: Line) -> dict[str, Any]:
    usd = _rounded(line.usd)
    return {"what": line.what, "quantity": _rounded(line.quantity), "price": line.price, "usd": usd}


def _rounded(number: Decimal | int) -> float:
    return round(float(number), 6)
