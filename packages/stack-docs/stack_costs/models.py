"""The models of a stage and the cost of their calls, from the product's manifest."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from stack_graph import manifest
from stack_graph.errors import CannotRun
from stack_graph.graph import Graph
from stack_graph.parameters import CONFIG, known_value

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the manifest."""

    id: str
    name: str
    lifecycle: str
    """``current``, ``legacy`` or ``end_of_life``."""
    price: Mapping[str, Any]
    """US dollars per million tokens by kind, on demand, standard tier."""

    def cost_of_call(self, input_tokens: Decimal, output_tokens: Decimal) -> Decimal:
        """US dollars for one call without prompt caching. A long prompt has its own rates, for the whole call."""
        rates, long_prompt = self.price, self.price["long_prompt"]
        if long_prompt and input_tokens > long_prompt["above_input_tokens"]:
            rates = long_prompt
        return (Decimal(rates["input"]) * input_tokens + Decimal(rates["output"]) * output_tokens) / MILLION


@dataclass(frozen=True, slots=True)
class StageModels:
    """The models that can be requested in a stage."""

    default: Model
    current: tuple[Model, ...]
    """Models whose end AWS has not announced, in the order of the catalogue."""


def models_of(graph: Graph, root: Path) -> StageModels:
    """The models of the graph's stage, with the changes in its configuration.

    Raises CannotRun if the product in ``root`` cannot report them.
    """
    product = manifest.read(root, config=known_value(graph, CONFIG))
    section = product.section("models")
    if section is None:
        raise CannotRun(f"the models of {graph.stage} are unknown: {product.error('models')}")
    models = [
        Model(each["id"], each["name"], each["lifecycle"]["state"], each["price_usd_per_million_tokens"])
        for each in section["models"]
    ]
    default = section["aliases"].get(section["default"], section["default"])
    by_id = {model.id: model for model in models}
    if default not in by_id:
        raise CannotRun(f'the default model "{section["default"]}" of {graph.stage} is not in the catalogue.')
    return StageModels(by_id[default], tuple(model for model in models if model.lifecycle == "current"))
