"""A model's answer: content blocks and the stop reason, before they become JSON or a stream."""

import json
from dataclasses import dataclass, field
from typing import Any

from bedrock_emulator.documents import Document
from bedrock_emulator.tokens import TOOL_OVERHEAD, count_text, cut_text
from bedrock_emulator.vocabularies import USUAL, Vocabulary


@dataclass(frozen=True)
class Text:
    text: str

    def tokens(self, vocabulary: Vocabulary) -> int:
        return count_text(self.text, vocabulary)

    def cut(self, tokens: int, vocabulary: Vocabulary) -> "Text":
        return Text(cut_text(self.text, tokens, vocabulary))

    def block(self) -> Document:
        return {"text": self.text}


@dataclass(frozen=True)
class ToolCall:
    """`input_json` is the text of the tool's input; a model that hit its limit leaves it unfinished."""

    tool_use_id: str
    name: str
    input_json: str

    def tokens(self, vocabulary: Vocabulary) -> int:
        return TOOL_OVERHEAD + count_text(self.input_json, vocabulary)

    def cut(self, tokens: int, vocabulary: Vocabulary) -> "ToolCall":
        left = cut_text(self.input_json, max(0, tokens - TOOL_OVERHEAD), vocabulary)
        return ToolCall(self.tool_use_id, self.name, left)

    def block(self) -> Document:
        use = {"toolUseId": self.tool_use_id, "name": self.name, "input": readable_part(self.input_json)}
        return {"toolUse": use}


@dataclass(frozen=True)
class Answer:
    content: tuple[Text | ToolCall, ...]
    stop_reason: str
    fields: Document = field(default_factory=dict)
    # Usage as another server counted it; None: counted here.
    counted: tuple[int, int] | None = None

    def tokens(self, vocabulary: Vocabulary = USUAL) -> int:
        return sum(part.tokens(vocabulary) for part in self.content)


def limited(answer: Answer, max_tokens: int, vocabulary: Vocabulary = USUAL) -> Answer:
    """The answer as far as `max_tokens` reaches; beyond, it is cut and stops with max_tokens."""
    left, kept = max_tokens, []
    for part in answer.content:
        size = part.tokens(vocabulary)
        if size > left:
            kept.append(part.cut(left, vocabulary))
            return Answer(tuple(kept), "max_tokens", answer.fields, answer.counted)
        kept.append(part)
        left -= size
    return answer


def stopped(answer: Answer, sequences: list[str]) -> Answer:
    """The answer up to the first stop sequence in its text. Tool input is not searched, as with the service."""
    kept: list[Text | ToolCall] = []
    for part in answer.content:
        if isinstance(part, Text):
            hits = [(part.text.find(s), s) for s in sequences if s in part.text]
            if hits:
                position, sequence = min(hits)
                kept.append(Text(part.text[:position]))
                return Answer(tuple(kept), "stop_sequence", {**answer.fields, "stop_sequence": sequence})
        kept.append(part)
    return answer


def readable_part(text: str) -> Any:
    """The JSON object in a text, or as much of an unfinished one as is whole: members that are complete."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    for end in range(len(text), 0, -1):
        if text[end - 1] in ',}]"0123456789el':
            try:
                return json.loads(text[:end].rstrip(",") + "}")
            except ValueError:
                continue
    return {}
