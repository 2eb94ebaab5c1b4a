"""A prompt, and the model settings that its author prefers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is told.

    ``system`` is ours and constant for an analysis (so that a prompt cache can hold it); ``user`` carries the
    caller's document. Text from outside belongs in ``user`` only.
    """

    system: str
    user: str


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What an analysis prefers; ``None`` leaves the choice to the stage's configuration."""

    model: str | None = None
    """Alias or model id."""
    temperature: float | None = None
    max_tokens: int | None = None
    """Upper bound of the answer, in tokens. Bedrock reserves quota by it: no higher than the answer needs."""
