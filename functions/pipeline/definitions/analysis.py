"""What an analysis is: a prompt, an input model, an output model and, where it needs them, rules.

An analysis is data with two pure functions. It knows nothing of queues, databases or Bedrock, so it can be read,
tested and changed without them. Each lives in one file of ``pipeline.analyses`` as a module-level ``ANALYSIS``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from pipeline.models.prompt import ModelSettings, Prompt
from pipeline.platform.strict_model import StrictModel

NO_PREFERENCES = ModelSettings()
"""Leaves every choice to the stage's configuration."""


class NoRules(StrictModel):
    """The rules of an analysis that has none."""


@dataclass(frozen=True, slots=True)
class Context[R: BaseModel]:
    """What an analysis may know besides its input. The same for every attempt of a job."""

    accepted_at: datetime
    """When the job was accepted (aware, UTC): the analysis's 'now', so that a second attempt cannot differ."""
    rules: R
    """The business rules as they were when the job was accepted."""


@dataclass(frozen=True, slots=True)
class Analysis[I: BaseModel, A: BaseModel, O: BaseModel, R: BaseModel]:
    """One kind of job.

    ``answer_model`` is what the model fills in; ``conclude`` makes the result of it. Where the model's answer *is*
    the result, both are the same class and ``conclude`` is left out: see ``plain_analysis``.
    """

    name: str
    """Lower case words joined by hyphens: how a request names it."""
    description: str
    """One sentence, shown in the API's description."""
    input_model: type[I]
    answer_model: type[A]
    output_model: type[O]
    rules_model: type[R]
    """Read from the business rules under the analysis's name; every field has a default that works."""
    prompt: Callable[[I, Context[R]], Prompt]
    conclude: Callable[[I, A, Context[R]], O]
    settings: ModelSettings


type AnyAnalysis = Analysis[Any, Any, Any, Any]
"""An analysis whose models the reader need not know."""


def plain_analysis[I: BaseModel, O: BaseModel](
    *,
    name: str,
    description: str,
    input_model: type[I],
    output_model: type[O],
    prompt: Callable[[I], Prompt],
    settings: ModelSettings = NO_PREFERENCES,
) -> Analysis[I, O, O, NoRules]:
    """An analysis whose result is the model's answer, with no rules: most are."""
    return Analysis(
        name=name,
        description=description,
        input_model=input_model,
        answer_model=output_model,
        output_model=output_model,
        rules_model=NoRules,
        prompt=lambda document, _context: prompt(document),
        conclude=lambda _document, answer, _context: answer,
        settings=settings,
    )
