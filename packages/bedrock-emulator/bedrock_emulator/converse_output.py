"""An answer as Converse returns it, and as the events that ConverseStream sends."""

from collections.abc import Iterator

from bedrock_emulator import EMULATOR
from bedrock_emulator.answers import Answer, Text
from bedrock_emulator.documents import Document
from bedrock_emulator.prompt_cache import InputTokens
from bedrock_emulator.tokens import fragments
from bedrock_emulator.vocabularies import Vocabulary

_FRAGMENT_LENGTH = 48  # characters of text or tool input in one event


def usage_of(answer: Answer, read: InputTokens, vocabulary: Vocabulary) -> Document:
    if answer.counted is not None:
        read, output = InputTokens(answer.counted[0]), answer.counted[1]
    else:
        output = answer.tokens(vocabulary)
    usage: Document = {
        "inputTokens": read.plain,
        "outputTokens": output,
        "totalTokens": read.total + output,
        "cacheReadInputTokens": read.read,
        "cacheWriteInputTokens": read.written,
    }
    if read.written:
        usage["cacheDetails"] = [{"ttl": read.written_as, "inputTokens": read.written}]
    return usage


def converse_output(answer: Answer, usage: Document, parameters: Document, latency_ms: int) -> Document:
    message = {"role": "assistant", "content": [part.block() for part in answer.content]}
    return {
        "output": {"message": message},
        "stopReason": answer.stop_reason,
        "usage": usage,
        "metrics": {"latencyMs": latency_ms},
        "additionalModelResponseFields": {"emulator": EMULATOR, **answer.fields},
        **_echoed(answer, parameters),
    }


def stream_events(
    answer: Answer, usage: Document, parameters: Document, latency_ms: int
) -> Iterator[tuple[str, Document]]:
    """(event type, payload) pairs in the order of the service."""
    yield "messageStart", {"role": "assistant"}
    for index, part in enumerate(answer.content):
        place: Document = {"contentBlockIndex": index}
        if isinstance(part, Text):
            deltas: list[Document] = [{"text": piece} for piece in _pieces(part.text)]
        else:
            start = {"toolUse": {"toolUseId": part.tool_use_id, "name": part.name}}
            yield "contentBlockStart", {"start": start, **place}
            deltas = [{"toolUse": {"input": piece}} for piece in _pieces(part.input_json)]
        for delta in deltas:
            yield "contentBlockDelta", {"delta": delta, **place}
        yield "contentBlockStop", place
    fields = {"emulator": EMULATOR, **answer.fields}
    yield "messageStop", {"stopReason": answer.stop_reason, "additionalModelResponseFields": fields}
    yield "metadata", {"usage": usage, "metrics": {"latencyMs": latency_ms}, **_echoed(answer, parameters)}


def _pieces(text: str) -> list[str]:
    return fragments(text, -(-len(text) // _FRAGMENT_LENGTH) or 1)


def _echoed(answer: Answer, parameters: Document) -> Document:
    echoed: Document = {name: parameters[name] for name in ("performanceConfig", "serviceTier") if name in parameters}
    guardrail = parameters.get("guardrailConfig", {})
    if guardrail.get("trace", "disabled") != "disabled":
        intervened = answer.stop_reason == "guardrail_intervened"
        reason = "Guardrail blocked." if intervened else "No action."
        assessed: Document = {guardrail.get("guardrailIdentifier", "guardrail"): {}}
        echoed["trace"] = {"guardrail": {"inputAssessment": assessed, "actionReason": reason}}
    return echoed
