"""The first request of a job to its model. Its size and ``maxTokens`` bound what the call can cost."""

from collections.abc import Mapping
from functools import cache

from pipeline.definitions.analysis import AnyAnalysis
from pipeline.jobs.domain.job_config import JobConfig
from pipeline.jobs.services.answer_validation import TOOL_NAME
from pipeline.models.chat import ChatRequest, Tool, UserText
from pipeline.models.prompt import Prompt
from pipeline.models.prompt_cache import with_prompt_caching
from pipeline.models.schema import tool_schema


def first_request(config: JobConfig, prompt: Prompt, analysis: AnyAnalysis, metadata: Mapping[str, str]) -> ChatRequest:
    """The request of a job's first call."""
    request = ChatRequest(
        model=config.model,
        system=prompt.system,
        turns=(UserText(prompt.user, guarded=True),),
        tool=_tool(analysis),
        inference=config.inference,
        guardrail=config.guardrail,
        service_tier=config.service_tier,
        metadata=metadata,
    )
    return with_prompt_caching(request) if config.prompt_caching else request


@cache
def _tool(analysis: AnyAnalysis) -> Tool:
    """The tool that the model must call. Made once for each analysis: its schema takes up to 1 ms (2026-11)."""
    return Tool(TOOL_NAME, f"Record the result. {analysis.description}", tool_schema(analysis.answer_model))
