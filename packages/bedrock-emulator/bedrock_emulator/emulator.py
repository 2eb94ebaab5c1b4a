"""From a checked request to its answer, with the faults of the plan applied."""

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bedrock_emulator.answers import Answer, limited, stopped
from bedrock_emulator.call_log import Call, CallLog
from bedrock_emulator.composing import compose, user_text
from bedrock_emulator.conversation_rules import check_conversation
from bedrock_emulator.converse_output import usage_of
from bedrock_emulator.documents import Document
from bedrock_emulator.errors import ServiceError
from bedrock_emulator.json_text import strings_in
from bedrock_emulator.model_rules import Model, check_length, check_on_demand, find_model
from bedrock_emulator.model_table import ModelRules
from bedrock_emulator.parameter_rules import DEFAULT_MAX_TOKENS
from bedrock_emulator.prompt_cache import PromptCache
from bedrock_emulator.rule_book import RuleBook
from bedrock_emulator.spoiling import spoiled
from bedrock_emulator.tokens import count_request, count_text

if TYPE_CHECKING:
    from bedrock_emulator.forwarding import Forwarder
    from bedrock_emulator.plan import Fault
    from bedrock_emulator.service_model import ServiceDescription


@dataclass
class Emulator:
    service: "ServiceDescription"
    latency_ms: int = 0
    rules: RuleBook = field(default_factory=RuleBook)
    calls: CallLog = field(default_factory=CallLog)
    cache: PromptCache = field(default_factory=PromptCache)
    forwarder: "Forwarder | None" = None

    def faults_for(self, call: Call, parameters: Document) -> list["Fault"]:
        """The faults of the plan for this call; which rules they came from is noted in the call."""
        chosen = self.rules.faults_for(call.operation, call.model, searchable_text(parameters))
        call.rules = [index for index, _ in chosen]
        return [fault for _, fault in chosen]

    async def converse(
        self, call: Call, model: ModelRules, parameters: Document, fault: "Fault | None", began: float
    ) -> tuple[Answer, Document]:
        """The answer to Converse or ConverseStream, and its usage. Raises ServiceError."""
        answer = await self._answer(parameters)
        if fault is not None:
            answer = spoiled(answer, fault, parameters)
        inference = parameters.get("inferenceConfig", {})
        if self.forwarder is None:
            answer = stopped(answer, inference.get("stopSequences", []))
            answer = limited(answer, inference.get("maxTokens", DEFAULT_MAX_TOKENS), model.vocabulary)
        usage = usage_of(answer, self.cache.count(call.model, model, parameters, began), model.vocabulary)
        call.stop_reason = answer.stop_reason
        call.input_tokens, call.output_tokens = usage["inputTokens"], usage["outputTokens"]
        return answer, usage

    async def _answer(self, parameters: Document) -> Answer:
        return compose(parameters) if self.forwarder is None else await self.forwarder.answer(parameters)


def check(operation: str, parameters: Document) -> Model:
    """Model and conversation rules of an operation. Raises ServiceError."""
    model = find_model(parameters["modelId"])
    if operation == "CountTokens":
        if "converse" in parameters["input"]:
            check_conversation(model.rules, parameters["input"]["converse"])
        return model
    check_on_demand(model)
    if operation in ("Converse", "ConverseStream"):
        check_conversation(model.rules, parameters, stream=operation == "ConverseStream")
        check_length(model, count_request(parameters, model.rules.vocabulary))
    return model


def count_tokens(model: ModelRules, parameters: Document) -> Document:
    """The answer to CountTokens: what Converse would report as input for the same request."""
    given = parameters["input"]
    if "converse" in given:
        return {"inputTokens": count_request(given["converse"], model.vocabulary)}
    try:
        body: Any = json.loads(given["invokeModel"]["body"])
    except ValueError as exc:
        raise ServiceError("ValidationException", "The body in input.invokeModel is not valid JSON.") from exc
    return {"inputTokens": sum(count_text(text, model.vocabulary) for text in strings_in(body))}


def searchable_text(parameters: Document) -> str:
    """The text that `contains` in a plan is compared with: the user's text, or the body of InvokeModel."""
    if "messages" in parameters:
        return user_text(parameters)
    if "body" in parameters:
        return str(parameters["body"].decode(errors="replace"))
    converse = parameters.get("input", {}).get("converse", {})
    return user_text(converse) if "messages" in converse else ""


def milliseconds_since(start: float) -> int:
    return max(1, round((time.perf_counter() - start) * 1000))
