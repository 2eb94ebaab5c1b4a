"""Get a structured answer from a model: a forced tool, a check, and a correction or two."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ValidationError

from pipeline.definitions.analysis import AnyAnalysis, Context
from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.domain.job import ClaimedJob
from pipeline.jobs.domain.job_config import JobConfig
from pipeline.jobs.errors import CallFailed, JobFailed, TryAgain
from pipeline.jobs.ports import CallLedger, Converse
from pipeline.models.calls import CallOutcome, PlannedCall, max_cost_usd
from pipeline.models.prices import Bill, Usage
from pipeline.models.prompt import Prompt
from pipeline.models.schema import property_names, tool_schema
from pipeline.models.stage_config import Limits
from pipeline.platform.errors import PipelineError, Unavailable
from pipeline.platform.observability import log
from pipeline.platform.text import CONTROL, walk_strings

TOOL = "record_result"
MAX_CALLS = 3
"""The first answer and two corrections."""

MAX_FAULTS = 20
"""That a correction names."""

STOPPED: dict[str, FailureCode] = {
    "max_tokens": FailureCode.OUTPUT_TRUNCATED,
    "model_context_window_exceeded": FailureCode.INPUT_TOO_LONG,
    "guardrail_intervened": FailureCode.CONTENT_BLOCKED,
    "content_filtered": FailureCode.CONTENT_BLOCKED,
}
"""Stop reasons after which the answer is no result, and asking again will not make it one."""


SLOT_MARGIN_S = 15.0
"""A call that its worker has given up may still run at Bedrock; and asking for it took a moment."""


class Conversation:
    """One attempt's talk with the model. ``bill`` holds every answer of it, also when it ends in an error."""

    def __init__(
        self, model: Converse, ledger: CallLedger, limits: Limits, job: ClaimedJob, may_call: Callable[[], bool]
    ) -> None:
        self._model = model
        self._ledger = ledger
        self._limits = limits
        self._job = job
        self._may_call = may_call
        self.bill = Bill()
        self.calls = 0

    def result_of(self, analysis: AnyAnalysis) -> BaseModel:
        """The job's result, valid against the analysis's output model. Raises JobFailed or TryAgain."""
        job = self._job
        try:
            config = JobConfig.model_validate(job.config)
            document = analysis.input_model.model_validate_json(json.dumps(job.input))
            rules = analysis.rules_model.model_validate_json(json.dumps(config.rules))
        except ValidationError as fault:
            # Accepted by another release, whose models this one does not have.
            raise JobFailed(FailureCode.INTERNAL_ERROR, "This release cannot read the job.") from fault
        context = Context(accepted_at=job.accepted_at, rules=rules)
        try:
            prompt = analysis.prompt(document, context)
            answer = self._ask(first_request(job, config, prompt, analysis), config, analysis.answer_model)
            result: BaseModel = analysis.conclude(document, answer, context)
        except PipelineError:
            raise
        except Exception as fault:
            # A fault of the analysis's own code: the same for every attempt, so none is wasted on it.
            log.error("analysis at fault", fault, job_id=job.id, analysis=analysis.name)
            raise JobFailed(FailureCode.INTERNAL_ERROR, "The analysis could not handle the document.") from fault
        return result

    def _ask(self, request: dict[str, Any], config: JobConfig, answer_model: type[BaseModel]) -> BaseModel:
        while True:
            message, stop_reason = self._call(request, config)
            if code := STOPPED.get(stop_reason):
                raise JobFailed(code)
            try:
                return _valid(answer_model, message)
            except InvalidAnswer as invalid:
                log.info("answer invalid", job_id=self._job.id, calls=self.calls, fields=invalid.pointers)
                if self.calls == MAX_CALLS:
                    raise JobFailed(FailureCode.INVALID_OUTPUT, f"({self.calls} answers)") from None
                request["messages"] += _with_correction(message, invalid)

    def _call(self, request: dict[str, Any], config: JobConfig) -> tuple[dict[str, Any], str]:
        if not self._may_call():
            raise TryAgain(
                "no time left, or not the job's worker any more", deferred=False, code=FailureCode.ATTEMPTS_EXHAUSTED
            )
        call = self._begin(request, config)
        try:
            answer = self._model.converse(request)
        except CallFailed as failed:
            self._end(call, _end_of(failed))
            raise failed.then from failed
        self.calls += 1
        usage, price = Usage.of_answer(answer), config.model.price
        self.bill = self.bill.add(usage, price)
        self._end(call, CallOutcome("answered", usage, price.of_call(usage), healthy=True))
        return answer["output"]["message"], answer["stopReason"]

    def _begin(self, request: dict[str, Any], config: JobConfig) -> PlannedCall:
        job = self._job
        call = PlannedCall(
            id=uuid4(),
            job_id=job.id,
            attempt=job.attempt,
            tenant_id=job.tenant_id,
            model_id=config.model.id,
            reserved_usd=max_cost_usd(
                [request["system"], request["messages"], request["toolConfig"]],
                config.inference["maxTokens"],
                config.model.price,
            ),
            longest=self._model.longest_call + SLOT_MARGIN_S,
        )
        not_begun = self._ledger.begin(call, self._limits)
        if not_begun:
            raise TryAgain(not_begun.why.value, deferred=True, code=FailureCode.MODEL_FAILED, after=not_begun.seconds)
        return call

    def _end(self, call: PlannedCall, end: CallOutcome) -> None:
        try:
            self._ledger.end(call.id, end)
        except Unavailable as away:
            # The answer is worth more than its entry: what was reserved stays spent, and the slot frees itself.
            log.error("call not settled", away, job_id=call.job_id, outcome=end.outcome)


class InvalidAnswer(ValueError):
    """The answer does not fit. ``explanation`` is for the model; ``pointers`` hold no content and may be logged."""

    def __init__(self, explanation: str, pointers: list[str]) -> None:
        super().__init__(explanation)
        self.explanation = explanation
        self.pointers = pointers


def _end_of(failed: CallFailed) -> CallOutcome:
    return CallOutcome(
        failed.reason, Usage(), None if failed.billed else Decimal(0), healthy=False if failed.model_ill else None
    )


def first_request(job: ClaimedJob, config: JobConfig, prompt: Prompt, analysis: AnyAnalysis) -> dict[str, Any]:
    """The Converse request of a job's first call."""
    system: list[dict[str, Any]] = [{"text": prompt.system}]
    if config.prompt_caching:
        system.append({"cachePoint": {"type": "default"}})
    document: dict[str, Any] = {"text": prompt.user}
    if config.guardrail:
        # Marked, so that the guardrail judges the caller's document and not our own instructions.
        document = {"guardContent": {"text": document}}
    tool = {
        "name": TOOL,
        "description": f"Record the result. {analysis.description}",
        "inputSchema": {"json": tool_schema(analysis.answer_model)},
    }
    choice: dict[str, Any] = {"tool": {"name": TOOL}}
    if config.model.tool_choice == "auto":
        choice = {"auto": {}}
        system.insert(1, {"text": f"Answer only by calling the tool {TOOL}."})
    request: dict[str, Any] = {
        "modelId": config.model.id,
        "system": system,
        "messages": [{"role": "user", "content": [document]}],
        "inferenceConfig": dict(config.inference),
        "toolConfig": {"tools": [{"toolSpec": tool}], "toolChoice": choice},
        # In Bedrock's own invocation log, so that a bill can be traced to its jobs.
        "requestMetadata": {"job_id": str(job.id), "analysis": job.analysis, "attempt": str(job.attempt)},
    }
    if config.model.request_fields:
        request["additionalModelRequestFields"] = config.model.request_fields
    if config.guardrail:
        request["guardrailConfig"] = {
            "guardrailIdentifier": config.guardrail.identifier,
            "guardrailVersion": config.guardrail.version,
        }
    if config.service_tier:
        request["serviceTier"] = {"type": config.service_tier}
    return request


def _tool_use(message: dict[str, Any]) -> dict[str, Any] | None:
    for block in message["content"]:
        if "toolUse" in block and block["toolUse"]["name"] == TOOL:
            used: dict[str, Any] = block["toolUse"]
            return used
    return None


def _valid(answer_model: type[BaseModel], message: dict[str, Any]) -> BaseModel:
    used = _tool_use(message)
    if used is None:
        raise InvalidAnswer(f"You did not call the tool {TOOL}. Call it with your answer.", [""])
    try:
        answer = answer_model.model_validate_json(json.dumps(used["input"]))
    except ValidationError as fault:
        faults = fault.errors(include_url=False, include_context=False, include_input=False)[:MAX_FAULTS]
        raise _misfit(answer_model, [(error["loc"], error["msg"]) for error in faults]) from None
    # Not what JSON Schema can say, and nothing that a reader of the result could see.
    hidden = [at for at, text in walk_strings(answer.model_dump(mode="json")) if CONTROL.search(text)]
    if hidden:
        raise _misfit(
            answer_model, [(tuple(at.split("/")[1:]), "has control characters") for at in hidden[:MAX_FAULTS]]
        )
    return answer


def _misfit(answer_model: type[BaseModel], faults: Sequence[tuple[tuple[int | str, ...], str]]) -> InvalidAnswer:
    found = "\n".join(f"/{'/'.join(map(str, at))}: {why}" for at, why in faults)
    # A name that is not ours is the model's, or the document's.
    ours = property_names(answer_model)
    pointers = [
        "/" + "/".join(str(part) if part in ours or str(part).isdecimal() else "*" for part in at) for at, _ in faults
    ]
    return InvalidAnswer(f"The input of {TOOL} does not fit its schema. Call it again, corrected:\n{found}", pointers)


def _with_correction(message: dict[str, Any], invalid: InvalidAnswer) -> list[dict[str, Any]]:
    """The two messages that send an answer back: every tool call in it must be answered, or Bedrock refuses."""
    explanation = [{"text": invalid.explanation}]
    results: list[dict[str, Any]] = [
        {
            "toolResult": {
                "toolUseId": block["toolUse"]["toolUseId"],
                "content": explanation,
                "status": "error",
            }
        }
        for block in message["content"]
        if "toolUse" in block
    ]
    answered = message if message["content"] else {"role": "assistant", "content": [{"text": "(no answer)"}]}
    return [answered, {"role": "user", "content": results or explanation}]
