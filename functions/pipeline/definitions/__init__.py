"""Everything that the author of an analysis needs."""

from pipeline.definitions.analysis import Analysis, Context, NoRules, plain_analysis
from pipeline.definitions.prompting import DATA_ONLY, document
from pipeline.models.prompt import ModelSettings, Prompt
from pipeline.platform.strict_model import StrictModel

__all__ = [
    "DATA_ONLY",
    "Analysis",
    "Context",
    "ModelSettings",
    "NoRules",
    "Prompt",
    "StrictModel",
    "document",
    "plain_analysis",
]
