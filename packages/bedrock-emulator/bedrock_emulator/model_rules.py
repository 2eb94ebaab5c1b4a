"""The parameters that each model accepts, as a table. True on 2026-11-20; the first matching row applies."""

import re
from dataclasses import dataclass
from typing import Literal

from bedrock_emulator.documents import Document
from bedrock_emulator.errors import ServiceError, invalid

PROVIDER = re.compile(
    r"(ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|"
    r"qwen|stability|twelvelabs|writer|zai)\.."
)
# Geographic prefixes of inference profiles.
PROFILE_PREFIX = re.compile(r"(global|us-gov|us|eu|apac|au|jp|ca|sa|me|af)\.")


@dataclass(frozen=True)
class ModelRules:
    """`sampling`: may temperature and topP both be given, one of them, or neither. `context_tokens`: input."""

    sampling: Literal["both", "one", "none"] = "both"
    forced_tools: bool = True
    needs_profile: bool = False
    end_of_life: bool = False
    kind: Literal["chat", "embedding"] = "chat"
    context_tokens: int = 200_000


_CLAUDE_5 = ModelRules(sampling="none", needs_profile=True, context_tokens=1_000_000)
_TABLE: tuple[tuple[re.Pattern[str], ModelRules], ...] = tuple(
    (re.compile(pattern), rules)
    for pattern, rules in (
        (r"anthropic\.claude-(3|v1|v2|instant)\b.*", ModelRules(end_of_life=True)),
        (
            r"anthropic\.claude-(sonnet|opus)-5-5\b.*",
            ModelRules("none", forced_tools=False, needs_profile=True, context_tokens=1_000_000),
        ),
        (r"anthropic\.claude-[a-z]+-([5-9]|\d\d)\b.*", _CLAUDE_5),
        (r"anthropic\.claude-[a-z]+-4-[5-9]\b.*", ModelRules("one", needs_profile=True)),
        (r"anthropic\.claude-opus-4-1\b.*", ModelRules("one", needs_profile=True)),
        (r"anthropic\.claude-[a-z]+-4\b.*", ModelRules(needs_profile=True)),
        (r"amazon\.nova-(premier|2)\b.*", ModelRules(needs_profile=True, context_tokens=1_000_000)),
        (r"amazon\.nova-micro\b.*", ModelRules(context_tokens=128_000)),
        (r"amazon\.nova-(lite|pro)\b.*", ModelRules(context_tokens=300_000)),
        (r"meta\.llama(3-[23]|4)\b.*", ModelRules(needs_profile=True)),
        (r"deepseek\.r1\b.*", ModelRules(needs_profile=True)),
        (r"(amazon\.titan-embed|cohere\.embed|amazon\.nova-.*embed).*", ModelRules(kind="embedding")),
    )
)

_RETURNED = "The model returned the following errors: "
_OVERFLOW = {
    "anthropic": _RETURNED + "prompt is too long: {tokens} tokens > {limit} maximum",
    "amazon": _RETURNED
    + "Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input to try again.",
    "cohere": _RETURNED
    + "too many tokens: total number of tokens in the prompt cannot exceed {limit} - received {tokens}.",
    **dict.fromkeys(
        ("deepseek", "meta", "mistral", "qwen"),
        _RETURNED + "This model's maximum context length is {limit} tokens. Please reduce the length of the prompt",
    ),
}
"""Messages for a prompt that does not fit, by vendor, as public reports quote them (2026-11-28)."""


@dataclass(frozen=True)
class Model:
    """`base_id` has no profile prefix and no ARN around it."""

    requested: str
    base_id: str
    through_profile: bool
    rules: ModelRules


def find_model(model_id: str) -> Model:
    """The model behind a plain id, an inference profile id or an ARN.

    Raises ServiceError: ValidationException for an unknown id, ResourceNotFoundException after a model's end
    of life.
    """
    kind, name = _resource(model_id)
    if kind not in ("", "foundation-model", "inference-profile"):
        # Names of an account's own resources are opaque: they do not show their model.
        return Model(model_id, name, through_profile=True, rules=ModelRules())
    base = PROFILE_PREFIX.sub("", name, count=1)
    through_profile = base != name or kind == "inference-profile"
    if not PROVIDER.match(base):
        raise invalid("The provided model identifier is invalid.")
    rules = next((rules for pattern, rules in _TABLE if pattern.fullmatch(base)), ModelRules())
    if rules.end_of_life:
        raise ServiceError(
            "ResourceNotFoundException",
            "This model version has reached the end of its life. "
            "Please refer to the AWS documentation for more details.",
        )
    return Model(model_id, base, through_profile, rules)


def check_on_demand(model: Model) -> None:
    """Raises ServiceError when the model answers through an inference profile only, and none was named."""
    if model.rules.needs_profile and not model.through_profile:
        raise invalid(
            f"Invocation of model ID {model.requested} with on-demand throughput isn't supported. "
            "Retry your request with the ID or ARN of an inference profile that contains this model."
        )


def check_length(model: Model, input_tokens: int) -> None:
    """Raises ServiceError, in the words of the model's vendor, when the input does not fit the model's context."""
    if input_tokens > model.rules.context_tokens:
        message = _OVERFLOW.get(model.base_id.partition(".")[0], "Input is too long for requested model.")
        raise invalid(message.format(tokens=input_tokens, limit=model.rules.context_tokens))


def check_chat_parameters(model: Model, parameters: Document) -> None:
    """Raises ServiceError for parameters of Converse that this model refuses."""
    if model.rules.kind != "chat":
        raise invalid(
            "This action doesn't support the model that you provided. Try again with a supported text or chat model."
        )
    inference = parameters.get("inferenceConfig", {})
    given = [wire for name, wire in (("temperature", "temperature"), ("topP", "top_p")) if name in inference]
    if model.rules.sampling == "none" and given:
        raise invalid(f"{_RETURNED}`{given[0]}` is deprecated for this model.")
    if model.rules.sampling == "one" and len(given) > 1:
        raise invalid(
            f"{_RETURNED}`temperature` and `top_p` cannot both be specified for this model. Please use only one."
        )
    choice = parameters.get("toolConfig", {}).get("toolChoice", {})
    if not model.rules.forced_tools and ("tool" in choice or "any" in choice):
        raise invalid(f'{_RETURNED}tool_choice: type "tool" and "any" are not supported for this model.')


def _resource(model_id: str) -> tuple[str, str]:
    """("inference-profile", "us.x.y") of an ARN; ("", id) of anything else."""
    if not model_id.startswith("arn:"):
        return "", model_id
    kind, _, name = model_id.split(":", 5)[-1].partition("/")
    return kind, name
