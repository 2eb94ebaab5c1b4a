"""The model behind an id, a profile or an ARN, and whether it answers under that name and a prompt of that length."""

import re
from dataclasses import dataclass

from bedrock_emulator.errors import ServiceError, invalid
from bedrock_emulator.model_table import OPAQUE, TABLE, ModelRules

PROVIDER = re.compile(
    r"(ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|"
    r"qwen|stability|twelvelabs|writer|xai|zai)\.."
)
# Geographic prefixes of inference profiles.
PROFILE_PREFIX = re.compile(r"(global|us-gov|us|eu|apac|au|jp|ca|sa|me|af|in)\.")

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
        return Model(model_id, name, through_profile=True, rules=OPAQUE)
    base = PROFILE_PREFIX.sub("", name, count=1)
    through_profile = base != name or kind == "inference-profile"
    if not PROVIDER.match(base):
        raise invalid("The provided model identifier is invalid.")
    rules = next((rules for pattern, rules in TABLE if pattern.fullmatch(base)), ModelRules())
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


def _resource(model_id: str) -> tuple[str, str]:
    """("inference-profile", "us.x.y") of an ARN; ("", id) of anything else."""
    if not model_id.startswith("arn:"):
        return "", model_id
    kind, _, name = model_id.split(":", 5)[-1].partition("/")
    return kind, name
