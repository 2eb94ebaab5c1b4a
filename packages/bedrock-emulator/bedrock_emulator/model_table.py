"""The parameters and contents that each model accepts. True on 2026-11-28; the first matching row applies.

Sources: AWS's table of supported models and features
(docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html) for system prompts,
tools, documents and images; LiteLLM 1.110.2 (model_prices_and_context_window.json) for context, output and prefill;
AWS's page on prompt caching for the smallest cached prefix. A cell without a source has the stricter value.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal

from bedrock_emulator.vocabularies import USUAL, Vocabulary

_ALL_CHOICES = ("auto", "any", "tool")


@dataclass(frozen=True)
class ModelRules:
    """`sampling`: may temperature and topP both be given, one of them, or neither. `context_tokens`: input.

    `cache_minimum`: tokens of the smallest prefix that is cached; None for a model without prompt caching.
    `request_fields`: the accepted additionalModelRequestFields; None for a model whose fields are not known.
    `vocabulary`: the tokenizer that `tokens` imitates.
    """

    sampling: Literal["both", "one", "none"] = "both"
    tool_choices: tuple[str, ...] = _ALL_CHOICES
    needs_profile: bool = False
    end_of_life: bool = False
    kind: Literal["chat", "embedding"] = "chat"
    context_tokens: int = 200_000
    output_tokens: int = 128_000
    system_prompt: bool = True
    tools: bool = True
    tools_in_stream: bool = True
    strict_tools: bool = False
    text_format: bool = True
    documents: bool = True
    images: int = 20
    video: bool = False
    prefill: bool = False
    stop_sequences: int = 2_500
    refused_inference: tuple[str, ...] = ()
    thinking: tuple[str, ...] = ()
    cache_minimum: int | None = None
    cached_tools: bool = True
    request_fields: frozenset[str] | None = None
    vocabulary: Vocabulary = USUAL

    @property
    def forced_tools(self) -> bool:
        return "tool" in self.tool_choices


_CLAUDE_FIELDS = frozenset(
    {
        "anthropic_beta",
        "context_management",
        "output_config",
        "reasoning_config",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
    }
)
_OPENAI_FIELDS = frozenset(
    {
        "chat_template_kwargs",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "n",
        "parallel_tool_calls",
        "presence_penalty",
        "reasoning_effort",
        "response_format",
        "seed",
        "top_k",
        "top_logprobs",
    }
)


_CLAUDE_4 = ModelRules(
    needs_profile=True,
    output_tokens=32_000,
    prefill=True,
    text_format=False,
    thinking=("enabled", "disabled"),
    cache_minimum=1024,
    request_fields=_CLAUDE_FIELDS,
)
_CLAUDE_4_5 = replace(_CLAUDE_4, sampling="one", output_tokens=64_000, text_format=True, strict_tools=True)
_CLAUDE_4_6 = replace(
    _CLAUDE_4_5, context_tokens=1_000_000, prefill=False, thinking=("enabled", "disabled", "adaptive")
)
_CLAUDE_4_8 = replace(
    _CLAUDE_4_6,
    sampling="none",
    output_tokens=127_999,  # 128,000 by the model's page; a report states less (llumiverse#562, 2026-06): the stricter
    strict_tools=False,
    thinking=("adaptive", "disabled"),
    vocabulary="claude-4.7",
)
_CLAUDE_5_5 = replace(_CLAUDE_4_8, cache_minimum=512)

_NOVA = ModelRules(
    context_tokens=300_000,
    output_tokens=10_000,
    video=True,
    prefill=True,
    text_format=False,
    stop_sequences=4,
    cache_minimum=1024,
    cached_tools=False,
    request_fields=frozenset({"inferenceConfig"}),
)
_NOVA_2 = replace(
    _NOVA,
    needs_profile=True,
    context_tokens=1_000_000,
    output_tokens=64_000,
    request_fields=frozenset({"inferenceConfig", "reasoningConfig"}),
)
_LLAMA = ModelRules(
    tool_choices=("auto",),
    context_tokens=128_000,
    output_tokens=4096,
    tools_in_stream=False,
    text_format=False,
    images=0,
    request_fields=frozenset(),
)
_MISTRAL = ModelRules(
    tool_choices=("auto", "any"),
    context_tokens=32_000,
    output_tokens=4096,
    tools_in_stream=False,
    text_format=False,
    images=0,
    request_fields=frozenset({"top_k"}),
)
_TITAN = ModelRules(
    context_tokens=42_000,
    output_tokens=8000,
    system_prompt=False,
    tools=False,
    text_format=False,
    images=0,
    request_fields=frozenset(),
)
_COMMAND_R = ModelRules(
    tool_choices=("auto",),
    context_tokens=128_000,
    output_tokens=4096,
    text_format=False,
    images=0,
    request_fields=frozenset(
        {"documents", "k", "p", "preamble", "prompt_truncation", "return_prompt", "search_queries_only", "seed"}
    ),
)
_JAMBA = ModelRules(
    tool_choices=("auto",),
    context_tokens=256_000,
    output_tokens=4096,
    text_format=False,
    images=0,
    request_fields=frozenset({"frequency_penalty", "n", "presence_penalty"}),
)
# An account's own resource, such as an application inference profile, does not show its model.
OPAQUE = ModelRules(prefill=True, video=True, strict_tools=True, cache_minimum=1024)
# Models with the API of OpenAI behind them: open weights and OpenAI's own.
_OPEN = ModelRules(tool_choices=("auto", "any"), text_format=False, images=0, request_fields=_OPENAI_FIELDS)

TABLE: tuple[tuple[re.Pattern[str], ModelRules], ...] = tuple(
    (re.compile(pattern), rules)
    for pattern, rules in (
        (r"anthropic\.claude-(3|v1|v2|instant)\b.*", ModelRules(end_of_life=True)),
        (
            r"anthropic\.claude-sonnet-5-5\b.*",
            replace(_CLAUDE_5_5, tool_choices=("auto",), thinking=("adaptive", "between_tools")),
        ),
        (
            r"anthropic\.claude-opus-5-5\b.*",
            replace(_CLAUDE_5_5, tool_choices=("auto",), text_format=False, thinking=("adaptive",)),
        ),
        (r"anthropic\.claude-fable-5-1\b.*", replace(_CLAUDE_5_5, tool_choices=("auto",), text_format=False)),
        (r"anthropic\.claude-sonnet-5\b.*", _CLAUDE_4_8),
        (r"anthropic\.claude-(opus|fable)-5\b.*", replace(_CLAUDE_5_5, text_format=False)),
        (r"anthropic\.claude-[a-z]+-([5-9]|\d\d)\b.*", _CLAUDE_5_5),
        (r"anthropic\.claude-opus-4-8\b.*", _CLAUDE_4_8),
        (r"anthropic\.claude-opus-4-7\b.*", replace(_CLAUDE_4_8, text_format=False, cache_minimum=4096)),
        (r"anthropic\.claude-opus-4-6\b.*", replace(_CLAUDE_4_6, output_tokens=128_000, cache_minimum=4096)),
        (r"anthropic\.claude-[a-z]+-4-[6-9]\b.*", replace(_CLAUDE_4_6, cache_minimum=2048)),
        (r"anthropic\.claude-(haiku|opus)-4-5\b.*", replace(_CLAUDE_4_5, cache_minimum=4096)),
        (r"anthropic\.claude-[a-z]+-4-5\b.*", _CLAUDE_4_5),
        (r"anthropic\.claude-opus-4-1\b.*", replace(_CLAUDE_4, sampling="one")),
        (r"anthropic\.claude-sonnet-4\b.*", replace(_CLAUDE_4, output_tokens=64_000)),
        (r"anthropic\.claude-[a-z]+-4\b.*", _CLAUDE_4),
        (r"amazon\.nova-2-.*embed.*", ModelRules(kind="embedding")),
        (r"amazon\.nova-2\b.*", _NOVA_2),
        (r"amazon\.nova-premier\b.*", replace(_NOVA, needs_profile=True, context_tokens=1_000_000)),
        (
            r"amazon\.nova-micro\b.*",
            replace(_NOVA, context_tokens=128_000, documents=False, images=0, video=False, cache_minimum=1536),
        ),
        (r"amazon\.nova-lite\b.*", replace(_NOVA, cache_minimum=1536)),
        (r"amazon\.nova-pro\b.*", _NOVA),
        (r"amazon\.titan-text-lite.*", replace(_TITAN, output_tokens=4000)),
        (r"amazon\.titan-text-premier.*", replace(_TITAN, output_tokens=3000, documents=False)),
        (r"amazon\.titan-(text|tg1).*", _TITAN),
        (r"meta\.llama4\b.*", replace(_LLAMA, needs_profile=True, output_tokens=8192, images=8)),
        (r"meta\.llama3-3\b.*", replace(_LLAMA, needs_profile=True)),
        (r"meta\.llama3-2-(11|90)b.*", replace(_LLAMA, needs_profile=True, images=1)),
        (r"meta\.llama3-2\b.*", replace(_LLAMA, needs_profile=True, tools=False)),
        (r"meta\.llama3-1\b.*", _LLAMA),
        (r"meta\.llama.*", replace(_LLAMA, context_tokens=8192, output_tokens=2048, tools=False)),
        (r"mistral\.mi(stral-7b|xtral).*", replace(_MISTRAL, system_prompt=False, tools=False)),
        (r"mistral\.mistral-small-2402.*", replace(_MISTRAL, documents=False)),
        (r"mistral\.mistral-large-2402.*", _MISTRAL),
        (r"mistral\.mistral-large-24.*", replace(_MISTRAL, context_tokens=128_000, output_tokens=8191)),
        (r"mistral\.pixtral.*", replace(_MISTRAL, context_tokens=128_000, output_tokens=16_384, images=20)),
        (r"mistral\.voxtral.*", replace(_MISTRAL, tools=False, output_tokens=8192)),
        (r"mistral\..*", replace(_OPEN, context_tokens=128_000, output_tokens=32_000, images=20)),
        (
            r"deepseek\.r1\b.*",
            replace(_OPEN, needs_profile=True, context_tokens=128_000, output_tokens=32_768, tools=False),
        ),
        (r"(deepseek|google|minimax|nvidia|qwen|zai)\..*", _OPEN),
        (r"moonshot(ai)?\..*", replace(_OPEN, images=20, refused_inference=("temperature",))),
        (
            r"xai\.grok.*",
            replace(_OPEN, images=20, refused_inference=("temperature", "topP", "stopSequences")),
        ),
        (r"openai\.gpt-oss.*", replace(_OPEN, context_tokens=128_000, output_tokens=16_384)),
        (
            r"openai\.gpt-[6-9].*",
            replace(_OPEN, context_tokens=922_000, images=20, refused_inference=("temperature", "topP")),
        ),
        (r"openai\..*", replace(_OPEN, context_tokens=922_000, images=20)),
        (r"cohere\.command-r.*", _COMMAND_R),
        (r"cohere\.command-.*", replace(_COMMAND_R, context_tokens=4096, system_prompt=False, tools=False)),
        (r"ai21\.j2.*", replace(_JAMBA, context_tokens=8191, system_prompt=False, tools=False, documents=False)),
        (r"ai21\.jamba-instruct.*", replace(_JAMBA, context_tokens=70_000, tools=False, documents=False)),
        (r"ai21\..*", _JAMBA),
        (r"writer\..*", replace(_OPEN, context_tokens=128_000, output_tokens=8192, tool_choices=("auto",))),
        (r"(amazon\.titan-embed|cohere\.embed|amazon\.nova-.*embed).*", ModelRules(kind="embedding")),
    )
)
