"""The models of a stage and the cost of their calls, from the product's manifest."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from stack_graph import manifest
from stack_graph.errors import CannotRun
from stack_graph.graph import Graph
from stack_graph.parameters import CONFIG, known_value

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one call by their kind of price. ``input`` excludes those of the prompt cache."""

    input: Decimal
    output: Decimal
    cache_read: Decimal = Decimal(0)
    cache_write: Decimal = Decimal(0)

    @property
    def prompt(self) -> Decimal:
        return self.input + self.cache_read + self.cache_write


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the manifest."""

    id: str
    name: str
    lifecycle: str
    """``current``, ``legacy`` or ``end_of_life``."""
    price: Mapping[str, Any]
    """US dollars per million tokens by kind, on demand, standard tier."""
    cached_from_tokens: int | None
    """The shortest prefix that is cached; ``None``: no prompt caching."""

    def cost_of_call(self, tokens: Tokens) -> Decimal:
        """US dollars for one call. A long prompt has its own rates, for the whole call."""
        rates, long_prompt = self.price, self.price["long_prompt"]
        if long_prompt and tokens.prompt > long_prompt["above_input_tokens"]:
            rates = long_prompt
        return sum((Decimal(rates[kind]) * number for kind, number in asdict(tokens).items()), Decimal(0)) / MILLION

    def cost_of_calls(self, number: Decimal, tokens: Tokens, prefix: Decimal) -> Decimal:
        """US dollars for so many calls of which each comes within five minutes of the one before.

        The first is not cached, the second writes its prefix of that many tokens, the others read it.
        """
        if self.cached_from_tokens is None or prefix < self.cached_from_tokens:
            return number * self.cost_of_call(tokens)
        rest = replace(tokens, input=tokens.input - prefix)
        first, second = self.cost_of_call(tokens), self.cost_of_call(replace(rest, cache_write=prefix))
        return first + second + (number - 2) * self.cost_of_call(replace(rest, cache_read=prefix))


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
        Model(
            id=each["id"],
            name=each["name"],
            lifecycle=each["lifecycle"]["state"],
            price=each["price_usd_per_million_tokens"],
            cached_from_tokens=each["prompt_cache_minimum_tokens"],
        )
        for each in section["models"]
    ]
    default = section["aliases"].get(section["default"], section["default"])
    by_id = {model.id: model for model in models}
    if default not in by_id:
        raise CannotRun(f'the default model "{section["default"]}" of {graph.stage} is not in the catalogue.')
    return StageModels(by_id[default], tuple(model for model in models if model.lifecycle == "current"))
