"""The definition of an analysis: a prompt, an input model, an output model and, optionally, rules.

An analysis is data with two pure functions. It does not depend on queues, databases or Bedrock, so it can be read,
tested and changed without them. Each is a module-level ``ANALYSIS`` in one file of ``pipeline.analyses``.
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
    """The facts that an analysis has besides its input. They are the same for every attempt of a job."""

    created_at: datetime
    """When the job was created (aware, UTC): the analysis's 'now', so that a second attempt cannot differ."""
    rules: R
    """The business rules as they were when the job was created."""


@dataclass(frozen=True, slots=True)
class Analysis[I: BaseModel, A: BaseModel, O: BaseModel, R: BaseModel]:
    """One kind of job.

    The model fills in ``answer_model``, and ``conclude`` makes the result from it. If the answer is the result, as in
    most analyses, use ``plain_analysis``.
    """

    name: str
    """Its name in requests: lower case words joined by hyphens."""
    description: str
    """One sentence, shown in the API's description."""
    input_model: type[I]
    answer_model: type[A]
    output_model: type[O]
    rules_model: type[R]
    """The type of its business rules, which are stored under its name. Every field needs a working default."""
    prompt: Callable[[I, Context[R]], Prompt]
    conclude: Callable[[I, A, Context[R]], O]
    settings: ModelSettings


type AnyAnalysis = Analysis[Any, Any, Any, Any]
"""An analysis of any types."""


def plain_analysis[I: BaseModel, O: BaseModel](
    *,
    name: str,
    description: str,
    input_model: type[I],
    output_model: type[O],
    prompt: Callable[[I], Prompt],
    settings: ModelSettings = NO_PREFERENCES,
) -> Analysis[I, O, O, NoRules]:
    """An analysis without rules whose result is the model's answer."""
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
