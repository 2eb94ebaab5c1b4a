"""A prompt, and the model settings that its author prefers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prompt:
    """The text of a model call.

    ``system`` is written by the analysis's author and constant, so that a prompt cache can hold it. ``user`` carries
    the caller's document. Untrusted text belongs in ``user`` only.
    """

    system: str
    user: str


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The settings that an analysis prefers; ``None`` leaves the choice to the stage's configuration."""

    model: str | None = None
    """Alias or model id."""
    temperature: float | None = None
    max_tokens: int | None = None
    """Upper bound of the answer, in tokens. Bedrock reserves quota by it: keep it as low as the answer allows."""
    largest_max_tokens: int | None = None
    """The most that a request may ask for; ``None``: as much as the stage allows."""
