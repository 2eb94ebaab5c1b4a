"""Each rule of `rules.json` refuses a request that breaks it, and accepts the nearest one that does not."""

from typing import Any

import pytest
from bedrock_emulator.conversation_rules import check_conversation
from bedrock_emulator.errors import ServiceError
from bedrock_emulator.model_rules import find_model
from bedrock_emulator.request_parsing import parse_request
from bedrock_emulator.rules import rules
from bedrock_emulator.service_model import ServiceDescription

CLAUDE_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
CLAUDE_4_5 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CLAUDE_5 = "global.anthropic.claude-sonnet-5"
CLAUDE_5_5 = "global.anthropic.claude-sonnet-5-5"
NOVA = "us.amazon.nova-lite-v1:0"
MICRO = "us.amazon.nova-micro-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
MIXTRAL = "mistral.mixtral-8x7b-instruct-v0:1"
PNG = b"\x89PNG\r\n\x1a\n"


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks or [{"text": "Hello."}])}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks or [{"text": "Hello."}])}


def use(identity: str = "a", value: Any = None) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": identity, "name": "look", "input": {} if value is None else value}}


def result(*content: Any, identity: str = "a", **more: Any) -> dict[str, Any]:
    return {"toolResult": {"toolUseId": identity, "content": list(content), **more}}


def tool(schema: Any = None, **more: Any) -> dict[str, Any]:
    return {"toolSpec": {"name": "look", "inputSchema": {"json": schema or {"type": "object"}}, **more}}


def document(name: str = "a", **more: Any) -> dict[str, Any]:
    return {"document": {"format": "txt", "name": name, "source": {"bytes": b"a"}, **more}}


def image(data: bytes = PNG, kind: str = "png") -> dict[str, Any]:
    return {"image": {"format": kind, "source": {"bytes": data}}}


def answered(*results: dict[str, Any]) -> list[dict[str, Any]]:
    return [user(), assistant(use()), user(*results)]


def formatted(schema: str) -> dict[str, Any]:
    return {"outputConfig": {"textFormat": {"structure": {"jsonSchema": {"schema": schema}}}}}


def thinking(kind: str = "enabled", **more: Any) -> dict[str, Any]:
    return {"thinking": {"type": kind, **({"budget_tokens": 2000} if kind == "enabled" else {}), **more}}


TEXT = {"text": "Hello."}
TOOLS = {"tools": [tool()]}
FORCED = TOOLS | {"toolChoice": {"tool": {"name": "look"}}}
POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
SIGNED = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}}
MODEL = "_model"  # the model of a case that is not Claude Sonnet 4.5

BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("empty-conversation", {"messages": []}),
    ("starts-with-user", {"messages": [assistant()]}),
    ("roles-alternate", {"messages": [user(), user()]}),
    ("ends-with-user", {MODEL: LLAMA, "messages": [user(), assistant()]}),
    ("no-prefill", {MODEL: CLAUDE_5, "messages": [user(), assistant()]}),
    ("no-prefill", {MODEL: "us.anthropic.claude-sonnet-4-6", "messages": [user(), assistant()]}),
    ("prefill-trailing-blank", {"messages": [user(), assistant({"text": "The answer is "})]}),
    ("content-empty", {"messages": [{"role": "user", "content": []}]}),
    ("text-blank", {"messages": [user({"text": ""})]}),
    ("text-blank", {"messages": [user({"text": " \n"})]}),
    ("text-blank", {"messages": [user(), assistant({"text": "\u00a0"}), user()]}),
    ("system-blank", {"system": [{"text": " "}]}),
    ("wrong-side", {"messages": [user(use())], "toolConfig": TOOLS}),
    ("wrong-side", {"messages": [user(), assistant(TEXT, document()), user()]}),
    ("wrong-side", {"messages": [user(), assistant(image()), user()]}),
    ("tool-result-missing", {"messages": [user(), assistant(use()), user()], "toolConfig": TOOLS}),
    ("tool-result-missing", {"messages": [user(), assistant(use())], "toolConfig": TOOLS}),
    ("tool-result-surplus", {"messages": [user(result(TEXT))], "toolConfig": TOOLS}),
    (
        "tool-result-surplus",
        {"messages": answered(result(TEXT), result(TEXT, identity="b")), "toolConfig": TOOLS},
    ),
    ("tool-blocks-duplicate", {"messages": answered(result(TEXT), result(TEXT)), "toolConfig": TOOLS}),
    ("tool-blocks-duplicate", {"messages": [user(), assistant(use(), use()), user(result(TEXT))], "toolConfig": TOOLS}),
    ("tool-result-empty", {"messages": answered(result()), "toolConfig": TOOLS}),
    ("tool-result-error-empty", {"messages": answered(result(status="error")), "toolConfig": TOOLS}),
    ("tool-result-blank", {"messages": answered(result({"text": ""})), "toolConfig": TOOLS}),
    ("tool-result-blank", {"messages": answered(result(TEXT, {"text": "\t\n "})), "toolConfig": TOOLS}),
    ("not-a-json-object", {"messages": answered(result({"json": [1, 2]})), "toolConfig": TOOLS}),
    ("not-a-json-object", {"messages": answered(result({"json": "seen"})), "toolConfig": TOOLS}),
    ("not-a-json-object", {"messages": answered(result({"json": None})), "toolConfig": TOOLS}),
    (
        "not-a-json-object",
        {"messages": [user(), assistant(use(value='{"a": 1}')), user(result(TEXT))], "toolConfig": TOOLS},
    ),
    ("not-a-json-object", {"toolConfig": {"tools": [tool("object")]}}),
    ("not-a-json-object", {"additionalModelRequestFields": ["top_k"]}),
    ("json-type-key", {"messages": answered(result({"json": {"a": [{"__type": "x"}]}})), "toolConfig": TOOLS}),
    ("tool-blocks-without-tools", {"messages": answered(result(TEXT))}),
    ("tool-names-unique", {"toolConfig": {"tools": [tool(), tool()]}}),
    ("tool-choice-unknown", {"toolConfig": TOOLS | {"toolChoice": {"tool": {"name": "hear"}}}}),
    ("tool-choice-unsupported", {MODEL: LLAMA, "toolConfig": TOOLS | {"toolChoice": {"any": {}}}}),
    ("tool-choice-unsupported", {MODEL: "mistral.mistral-large-2407-v1:0", "toolConfig": FORCED}),
    ("tool-choice-forced", {MODEL: CLAUDE_5_5, "toolConfig": FORCED}),
    ("tool-choice-forced", {MODEL: CLAUDE_5_5, "toolConfig": TOOLS | {"toolChoice": {"any": {}}}}),
    ("tools-unsupported", {MODEL: MIXTRAL, "toolConfig": TOOLS}),
    ("tools-unsupported", {MODEL: "us.deepseek.r1-v1:0", "toolConfig": TOOLS}),
    ("tools-unsupported", {MODEL: "us.meta.llama3-2-3b-instruct-v1:0", "toolConfig": TOOLS}),
    ("tools-unsupported-in-stream", {MODEL: LLAMA, "toolConfig": TOOLS, "stream": True}),
    ("tool-strict-unsupported", {MODEL: CLAUDE_5, "toolConfig": {"tools": [tool(strict=True)]}}),
    ("tool-schema-type", {"toolConfig": {"tools": [tool({"type": "array"})]}}),
    ("tool-schema-type", {"toolConfig": {"tools": [tool({"oneOf": [{"type": "object"}]})]}}),
    ("tool-schema-union", {"toolConfig": {"tools": [tool({"type": "object", "oneOf": [{"required": ["a"]}]})]}}),
    ("tool-schema-union", {MODEL: NOVA, "toolConfig": {"tools": [tool({"type": "object", "allOf": [{}]})]}}),
    ("tool-schema-union", {"toolConfig": {"tools": [tool({"type": "object", "anyOf": [{}]})]}}),
    ("tool-schema-invalid", {"toolConfig": {"tools": [tool({"type": "object", "required": 3})]}}),
    ("tool-schema-invalid", {"toolConfig": {"tools": [tool({"type": "object", "properties": None})]}}),
    ("tool-schema-keys", {"toolConfig": {"tools": [tool({"type": "object", "properties": {"Account Number": {}}})]}}),
    ("tool-schema-keys", {"toolConfig": {"tools": [tool({"type": "object", "properties": {"a" * 65: {}}})]}}),
    ("system-unsupported", {MODEL: MIXTRAL, "system": [TEXT]}),
    ("system-unsupported", {MODEL: "amazon.titan-text-express-v1", "system": [TEXT]}),
    ("block-unsupported", {MODEL: MICRO, "messages": [user(TEXT, image())]}),
    ("block-unsupported", {MODEL: MICRO, "messages": [user(TEXT, document())]}),
    ("block-unsupported", {"messages": [user(TEXT, {"video": {"format": "mp4", "source": {"bytes": b"a"}}})]}),
    ("signature-unsupported", {MODEL: NOVA, "messages": [user(), assistant(SIGNED, TEXT), user()]}),
    ("not-chat", {MODEL: "amazon.titan-embed-text-v2:0"}),
    *(
        ("document-name", {"messages": [user(TEXT, document(name))]})
        for name in (
            "report.final",
            "two  blanks",
            "tab\tbed",
            "résumé",
            "wide\u3000blank",
            "a/b",
            "John's",
            "new\nline",
            " ",
        )
    ),
    ("document-name-duplicate", {"messages": [user(TEXT, document(), document())]}),
    ("document-name-duplicate", {"messages": [user(TEXT, document()), assistant(), user(TEXT, document())]}),
    (
        "document-name-duplicate",
        {
            "messages": [user(TEXT, document()), assistant(use()), user(result(document()))],
            "toolConfig": TOOLS,
        },
    ),
    ("too-many-documents", {"messages": [user(TEXT, *(document(str(number)) for number in range(6)))]}),
    ("document-without-text", {"messages": [user(document())]}),
    ("document-without-text", {"messages": [user(), assistant(), user(document())]}),
    ("document-too-large", {"messages": [user(TEXT, document(source={"bytes": b"a" * 4_500_001}))]}),
    ("document-without-citations", {"messages": [user(TEXT, document(source={"text": "a"}))]}),
    ("too-many-images", {"messages": [user(TEXT, *([image()] * 21))]}),
    ("too-many-images", {MODEL: "us.meta.llama3-2-11b-instruct-v1:0", "messages": [user(TEXT, image(), image())]}),
    ("image-too-large", {"messages": [user(TEXT, image(PNG * 500_000))]}),
    ("image-unreadable", {"messages": [user(TEXT, image(b"iVBORw0KGgo="))]}),
    ("image-format", {"messages": [user(TEXT, image(PNG, "jpeg"))]}),
    ("max-tokens-over-limit", {"inferenceConfig": {"maxTokens": 10_000_000}}),
    ("max-tokens-over-limit", {"inferenceConfig": {"maxTokens": 64_001}}),
    ("max-tokens-over-limit", {MODEL: MICRO, "inferenceConfig": {"maxTokens": 10_001}}),
    ("sampling-deprecated", {MODEL: CLAUDE_5, "inferenceConfig": {"temperature": 0.1}}),
    ("sampling-deprecated", {MODEL: CLAUDE_5, "additionalModelRequestFields": {"top_k": 5}}),
    ("sampling-either", {"inferenceConfig": {"temperature": 0.1, "topP": 0.9}}),
    ("inference-unsupported", {MODEL: "moonshotai.kimi-k2.5", "inferenceConfig": {"temperature": 0.1}}),
    ("stop-sequence-blank", {"inferenceConfig": {"stopSequences": ["\n"]}}),
    ("too-many-stop-sequences", {MODEL: NOVA, "inferenceConfig": {"stopSequences": list("abcde")}}),
    ("request-field-unknown", {"additionalModelRequestFields": {"no_such_field": 1}}),
    ("request-field-unknown", {"additionalModelRequestFields": {"context_management": {}}}),
    ("request-field-extraneous", {MODEL: NOVA, "additionalModelRequestFields": {"top_k": 5}}),
    ("request-field-extraneous", {MODEL: LLAMA, "additionalModelRequestFields": {"thinking": {}}}),
    ("thinking-malformed", {"additionalModelRequestFields": {"thinking": True}}),
    ("thinking-malformed", {"additionalModelRequestFields": {"thinking": {"type": "on"}}}),
    ("thinking-type-unsupported", {MODEL: CLAUDE_5, "additionalModelRequestFields": thinking()}),
    ("thinking-type-unsupported", {"additionalModelRequestFields": thinking("adaptive")}),
    (
        "thinking-type-unsupported",
        {MODEL: "global.anthropic.claude-opus-5-5", "additionalModelRequestFields": thinking("disabled")},
    ),
    ("thinking-budget-too-small", {"additionalModelRequestFields": thinking(budget_tokens=1023)}),
    ("thinking-budget-too-small", {"additionalModelRequestFields": {"thinking": {"type": "enabled"}}}),
    (
        "thinking-budget-over-max-tokens",
        {"additionalModelRequestFields": thinking(), "inferenceConfig": {"maxTokens": 2000}},
    ),
    ("thinking-budget-over-max-tokens", {"additionalModelRequestFields": thinking(budget_tokens=4096)}),
    ("thinking-forced-tool", {"additionalModelRequestFields": thinking(), "toolConfig": FORCED}),
    (
        "thinking-forced-tool",
        {"additionalModelRequestFields": thinking(), "toolConfig": TOOLS | {"toolChoice": {"any": {}}}},
    ),
    (
        "thinking-temperature",
        {"additionalModelRequestFields": thinking(), "inferenceConfig": {"temperature": 0}},
    ),
    ("thinking-top-p", {"additionalModelRequestFields": thinking(), "inferenceConfig": {"topP": 0.5}}),
    ("thinking-top-k", {"additionalModelRequestFields": thinking() | {"top_k": 5}}),
    ("thinking-prefill", {"additionalModelRequestFields": thinking(), "messages": [user(), assistant()]}),
    ("cache-unsupported", {MODEL: LLAMA, "system": [TEXT, POINT]}),
    ("cache-tools-unsupported", {MODEL: NOVA, "toolConfig": {"tools": [tool(), POINT]}}),
    ("too-many-cache-points", {"system": [TEXT, POINT] * 3, "messages": [user(TEXT, POINT, TEXT, POINT)]}),
    ("cache-after-document", {"messages": [user(TEXT, document(), POINT)]}),
    ("cache-lifetime-order", {"system": [TEXT, POINT], "messages": [user(TEXT, HOUR)]}),
    ("text-format-unsupported", {MODEL: NOVA, **formatted("{}")}),
    ("text-format-not-json", formatted("{")),
    ("text-format-not-json", formatted("[]")),
    ("text-format-open-object", formatted('{"type": "object"}')),
    (
        "text-format-open-object",
        formatted(
            '{"type": "object", "additionalProperties": false, "properties": {"a": {"items": {"type": "object"}}}}'
        ),
    ),
    ("text-format-keyword", formatted('{"type": "string", "maxLength": 5}')),
]

ACCEPTED: list[dict[str, Any]] = [
    {"messages": [user(), assistant({"text": "The answer is"})]},
    {MODEL: NOVA, "messages": [user(), assistant()]},
    {"messages": answered(result({"json": {}}, status="error")), "toolConfig": TOOLS},
    {
        "messages": [
            user(),
            assistant(TEXT, use("a"), use("b")),
            user(result(TEXT, identity="b"), result(TEXT)),
            assistant(),
        ],
        "toolConfig": TOOLS,
    },
    {"messages": [user(TEXT, *(document(name) for name in ("a_b", "[x](y)", " lead", "trail ", "Q3 report - v2")))]},
    {"messages": [user(TEXT, document(source={"text": "a"}, citations={"enabled": True}))]},
    {"messages": [user(TEXT, {**document(), "document": {**document()["document"], "format": "pdf"}}, POINT)]},
    {"messages": [user(TEXT, *([image()] * 20))]},
    {"inferenceConfig": {"maxTokens": 64_000}},
    {MODEL: CLAUDE_5, "inferenceConfig": {"maxTokens": 5}, "additionalModelRequestFields": thinking("disabled")},
    {MODEL: CLAUDE_5, "toolConfig": FORCED, "additionalModelRequestFields": thinking("adaptive")},
    {MODEL: CLAUDE_4, "inferenceConfig": {"temperature": 0.1, "topP": 0.9}},
    {"additionalModelRequestFields": thinking(), "inferenceConfig": {"maxTokens": 2001, "temperature": 1}},
    {
        "additionalModelRequestFields": thinking(budget_tokens=9000)
        | {"anthropic_beta": ["interleaved-thinking-2025-05-14"]},
        "toolConfig": TOOLS,
    },
    {"system": [TEXT, HOUR], "messages": [user(TEXT, POINT)]},
    {MODEL: MICRO, "additionalModelRequestFields": {"inferenceConfig": {"topK": 1}}, "toolConfig": FORCED},
    {MODEL: LLAMA, "toolConfig": TOOLS},
    {MODEL: NOVA, "inferenceConfig": {"stopSequences": list("abcd")}},
    formatted('{"type": "object", "additionalProperties": false, "properties": {"maximum": {"type": "number"}}}'),
]


def check(parameters: dict[str, Any]) -> None:
    parameters = {"messages": [user()], **parameters}
    model, stream = parameters.pop(MODEL, CLAUDE_4_5), parameters.pop("stream", False)
    check_conversation(find_model(model).rules, parameters, stream=stream)


@pytest.mark.parametrize(("rule", "parameters"), BROKEN, ids=[rule for rule, _ in BROKEN])
def test_a_broken_rule_is_refused_in_its_words(rule: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ServiceError) as caught:
        check(parameters)
    assert caught.value.rule == rule, caught.value.message
    assert caught.value.code == rules()[rule].code
    assert "{" not in caught.value.message.replace("{1,64}", "")


@pytest.mark.parametrize("parameters", ACCEPTED, ids=str)
def test_the_nearest_request_that_keeps_the_rules_is_accepted(parameters: dict[str, Any]) -> None:
    check(parameters)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_not_one_is_refused(number: str) -> None:
    found = ServiceDescription.load().find("POST", "/model/amazon.nova-lite-v1%3A0/converse")
    assert found is not None
    body = f'{{"messages": [], "additionalModelRequestFields": {{"a": [{number}]}}}}'
    with pytest.raises(ServiceError) as caught:
        parse_request(*found, {}, body.encode())
    assert (caught.value.rule, caught.value.code) == ("number-not-finite", "ValidationException")


def test_every_rule_has_a_case_and_every_quotation_a_source() -> None:
    assert {name for name, _ in BROKEN} | {"number-not-finite"} == set(rules())
    for name, rule in rules().items():
        assert (rule.source or "").startswith("https://") or rule.wording == "unverified", name
