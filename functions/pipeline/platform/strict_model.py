"""The base of every model whose data comes from outside."""

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """An immutable model that rejects unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)
