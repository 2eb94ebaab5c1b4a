"""Rules of the parameters beside the conversation: inference, thinking, fields of a vendor, structured output."""

import json
from collections.abc import Iterator
from typing import Any

from bedrock_emulator.documents import Document
from bedrock_emulator.model_table import ModelRules
from bedrock_emulator.rules import broken

DEFAULT_MAX_TOKENS = 4096  # output tokens when the request names no limit
_SMALLEST_BUDGET = 1024  # tokens of thinking
_INTERLEAVED = "interleaved-thinking-2025-05-14"  # the beta in which thinking may take more than one answer's tokens
_UNSUPPORTED_KEYWORDS = {
    "string": ("maxLength", "minLength"),
    "number": ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"),
    "integer": ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"),
    "array": ("maxItems",),
}
"""Keywords that structured output does not support, by type."""


def check_parameters(model: ModelRules, parameters: Document) -> None:
    """Raises ServiceError for parameters of Converse that this model refuses."""
    inference = parameters.get("inferenceConfig", {})
    _check_inference(model, inference)
    fields = parameters.get("additionalModelRequestFields")
    if fields is not None:
        _check_fields(model, fields)
        if model.thinking:
            _check_thinking(model, fields, parameters)
    text_format = parameters.get("outputConfig", {}).get("textFormat")
    if text_format is not None:
        _check_text_format(model, text_format)


def _check_inference(model: ModelRules, inference: Document) -> None:
    if inference.get("maxTokens", 0) > model.output_tokens:
        raise broken("max-tokens-over-limit", limit=model.output_tokens)
    for name in model.refused_inference:
        if name in inference:
            raise broken("inference-unsupported", field=name)
    given = [wire for name, wire in (("temperature", "temperature"), ("topP", "top_p")) if name in inference]
    if model.sampling == "none" and given:
        raise broken("sampling-deprecated", field=given[0])
    if model.sampling == "one" and len(given) > 1:
        raise broken("sampling-either")
    sequences = inference.get("stopSequences", [])
    if len(sequences) > model.stop_sequences:
        raise broken("too-many-stop-sequences", limit=model.stop_sequences)
    if any(not sequence.strip() for sequence in sequences):
        raise broken("stop-sequence-blank")


def _check_fields(model: ModelRules, fields: Any) -> None:
    if not isinstance(fields, dict):
        raise broken("not-a-json-object", at="additionalModelRequestFields")
    unknown = sorted(set(fields) - model.request_fields) if model.request_fields is not None else []
    if unknown:
        raise broken("request-field-unknown" if model.thinking else "request-field-extraneous", field=unknown[0])
    if "context_management" in fields and "anthropic_beta" not in fields:
        raise broken("request-field-unknown", field="context_management")
    if "top_k" in fields and model.sampling == "none":
        raise broken("sampling-deprecated", field="top_k")


def _check_thinking(model: ModelRules, fields: Document, parameters: Document) -> None:
    thinking = fields.get("thinking", fields.get("reasoning_config"))
    if thinking is None:
        return
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if kind not in ("enabled", "disabled", "adaptive", "between_tools"):
        raise broken("thinking-malformed", types=", ".join(model.thinking))
    if kind not in model.thinking:
        raise broken("thinking-type-unsupported", type=kind)
    if kind == "enabled":
        _check_budget(thinking.get("budget_tokens"), fields, parameters)
    if kind in ("enabled", "adaptive"):
        _check_beside_thinking(model, fields, parameters)


def _check_budget(budget: Any, fields: Document, parameters: Document) -> None:
    if not isinstance(budget, int) or isinstance(budget, bool) or budget < _SMALLEST_BUDGET:
        raise broken("thinking-budget-too-small")
    interleaved = _INTERLEAVED in fields.get("anthropic_beta", []) and "toolConfig" in parameters
    if budget >= parameters.get("inferenceConfig", {}).get("maxTokens", DEFAULT_MAX_TOKENS) and not interleaved:
        raise broken("thinking-budget-over-max-tokens")


def _check_beside_thinking(model: ModelRules, fields: Document, parameters: Document) -> None:
    choice = parameters.get("toolConfig", {}).get("toolChoice", {})
    # Claude 4.8 and 5 think beside a forced tool, when they think adaptively (langchain-ai/langchain-aws#1141).
    if ("tool" in choice or "any" in choice) and "enabled" in model.thinking:
        raise broken("thinking-forced-tool")
    inference = parameters.get("inferenceConfig", {})
    if inference.get("temperature", 1) != 1:
        raise broken("thinking-temperature")
    if inference.get("topP", 1) < 0.95:
        raise broken("thinking-top-p")
    if "top_k" in fields:
        raise broken("thinking-top-k")
    if parameters["messages"][-1]["role"] == "assistant":
        raise broken("thinking-prefill")


def _check_text_format(model: ModelRules, text_format: Document) -> None:
    if not model.text_format:
        raise broken("text-format-unsupported")
    try:
        schema = json.loads(text_format["structure"]["jsonSchema"]["schema"])
    except ValueError as exc:
        raise broken("text-format-not-json") from exc
    if not isinstance(schema, dict):
        raise broken("text-format-not-json")
    for part in _schemas_in(schema):
        if part.get("type") == "object" and part.get("additionalProperties") is not False:
            raise broken("text-format-open-object")
        kind = str(part.get("type"))
        keywords = [keyword for keyword in _UNSUPPORTED_KEYWORDS.get(kind, ()) if keyword in part]
        if keywords:
            raise broken("text-format-keyword", type=kind, keywords=", ".join(keywords))


def _schemas_in(schema: Any) -> Iterator[Document]:
    """A schema and the schemas in it. Names of properties are not keywords."""
    if isinstance(schema, dict):
        yield schema
        for keyword, value in schema.items():
            if keyword in ("properties", "$defs", "definitions", "patternProperties") and isinstance(value, dict):
                for part in value.values():
                    yield from _schemas_in(part)
            elif keyword not in ("enum", "const", "default", "examples"):
                yield from _schemas_in(value)
    elif isinstance(schema, list):
        for part in schema:
            yield from _schemas_in(part)
