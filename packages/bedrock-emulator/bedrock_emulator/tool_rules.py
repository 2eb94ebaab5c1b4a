"""Rules of toolConfig: names, schemas, and the choices that a model takes."""

import re

from bedrock_emulator.documents import Document
from bedrock_emulator.model_table import ModelRules
from bedrock_emulator.rules import broken
from bedrock_emulator.schema_check import schema_fault

_UNIONS = ("oneOf", "anyOf", "allOf")
_PROPERTY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")


def tool_specs(tool_config: Document | None) -> list[Document]:
    return [tool["toolSpec"] for tool in (tool_config or {}).get("tools", []) if "toolSpec" in tool]


def check_tools(model: ModelRules, tool_config: Document, *, stream: bool) -> None:
    """Raises ServiceError (ValidationException) at the first broken rule."""
    if not model.tools:
        raise broken("tools-unsupported")
    if stream and not model.tools_in_stream:
        raise broken("tools-unsupported-in-stream")
    names = [spec["name"] for spec in tool_specs(tool_config)]
    if len(set(names)) < len(names):
        raise broken("tool-names-unique")
    for index, tool in enumerate(tool_config["tools"]):
        if "toolSpec" in tool:
            _check_spec(model, tool["toolSpec"], index)
        if "cachePoint" in tool and model.cache_minimum is not None and not model.cached_tools:
            raise broken("cache-tools-unsupported", index=index)
    _check_choice(model, tool_config)


def _check_spec(model: ModelRules, spec: Document, index: int) -> None:
    schema = spec["inputSchema"].get("json")
    if not isinstance(schema, dict):
        raise broken("not-a-json-object", at=f"toolConfig.tools.{index}.toolSpec.inputSchema.json")
    if schema.get("type") != "object":
        raise broken("tool-schema-type", index=index)
    fault = schema_fault(schema)
    if fault:
        raise broken("tool-schema-invalid", index=index, fault=fault)
    # One report has models of other vendors take a union (code-yeongyu/senpi#1947); the stricter reading is for all.
    if any(union in schema for union in _UNIONS):
        raise broken("tool-schema-union", index=index)
    if not all(_PROPERTY.fullmatch(name) for name in schema.get("properties", {})):
        raise broken("tool-schema-keys", index=index)
    if spec.get("strict") and not model.strict_tools:
        raise broken("tool-strict-unsupported", index=index)


def _check_choice(model: ModelRules, tool_config: Document) -> None:
    choice = tool_config.get("toolChoice", {})
    unsupported = [name for name in choice if name not in model.tool_choices]
    if unsupported:
        # Claude answers in its own words, the others through the service.
        rule = "tool-choice-forced" if model.thinking else "tool-choice-unsupported"
        raise broken(rule, choice=unsupported[0])
    known = [spec["name"] for spec in tool_specs(tool_config)]
    known += [tool["systemTool"]["name"] for tool in tool_config["tools"] if "systemTool" in tool]
    name = choice.get("tool", {}).get("name")
    if name is not None and name not in known:
        raise broken("tool-choice-unknown", name=name)
