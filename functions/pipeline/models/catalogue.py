"""The catalogue of models: prices, accepted parameters, limits and permissions. The data is in ``catalogue.json``."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from pipeline.models.prices import Price
from pipeline.platform.strict_model import StrictModel


class UnknownModel(LookupError):
    """The name is neither an alias nor the id of a model in the list."""


class Lifecycle(StrictModel):
    """A model's state at AWS. ``end_of_life`` models refuse every call."""

    state: Literal["current", "legacy", "end_of_life"]
    ends_on: date | None = None
    replaced_by: str | None = None


class Model(StrictModel):
    """One model, reached through the inference profile ``id``."""

    id: str
    name: str
    price: Price = Field(alias="price_usd_per_million_tokens")
    context_tokens: int
    max_output_tokens: int
    inference_parameters: Literal["none", "temperature_or_top_p", "temperature_and_top_p"]
    """The sampling parameters that a request may have. Claude 4.5 refuses the pair, Claude 5 refuses both."""
    tool_choice: Literal["tool", "auto"]
    """``auto`` if the model refuses a forced tool: it is then instructed in words to call it."""
    prompt_cache_minimum_tokens: int | None
    """Below it Bedrock ignores a cache point; ``None``: no prompt caching."""
    request_fields: dict[str, Any]
    lifecycle: Lifecycle
    policy_arns: tuple[str, ...]
    """The ARNs that a role must be allowed to invoke; ``{region}`` and ``{account}`` are the stack's."""


class ModelCatalogue(StrictModel):
    """The list of models, with their aliases."""

    true_on: date
    notes: tuple[str, ...]
    default: str
    aliases: dict[str, str]
    models: tuple[Model, ...]

    def find(self, name: str) -> Model:
        """The model with that alias or id.

        Raises UnknownModel.
        """
        model_id = self.aliases.get(name, name)
        for model in self.models:
            if model.id == model_id:
                return model
        raise UnknownModel(name)

    def overridden(self, aliases: dict[str, str], models: tuple[Model, ...]) -> "ModelCatalogue":
        """This list with a stage's own aliases, and with models added or, where the id is the same, replaced."""
        replaced = {model.id for model in models}
        kept = tuple(model for model in self.models if model.id not in replaced)
        return self.model_copy(update={"aliases": {**self.aliases, **aliases}, "models": (*kept, *models)})


@cache
def shipped_catalogue() -> ModelCatalogue:
    """The list that this release ships."""
    return ModelCatalogue.model_validate_json(Path(__file__).with_name("catalogue.json").read_bytes())
