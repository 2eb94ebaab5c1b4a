"""Run an analysis for one attempt of a job: ask the model through a forced tool, validate, correct up to twice."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ValidationError

from pipeline.definitions.analysis import AnyAnalysis, Context
from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.domain.job import ClaimedJob
from pipeline.jobs.domain.job_config import JobConfig
from pipeline.jobs.errors import AttemptFailed, JobFailed
from pipeline.jobs.services.answer_validation import InvalidAnswer, validated
from pipeline.jobs.services.first_request import first_request
from pipeline.jobs.services.job_errors import job_error
from pipeline.models.chat import ChatAnswer, ChatRequest, StopReason, ToolErrors, UserText
from pipeline.models.errors import ModelError
from pipeline.models.ledgered_chat import LedgeredChat
from pipeline.platform.observability import log

FAILURES: dict[StopReason, FailureCode] = {
    "max_tokens": FailureCode.OUTPUT_TRUNCATED,
    "context_window_exceeded": FailureCode.INPUT_TOO_LONG,
    "content_blocked": FailureCode.CONTENT_BLOCKED,
}


class AnalysisRun:
    """The run of an analysis in one attempt of a job."""

    def __init__(self, chat: LedgeredChat, job: ClaimedJob, may_call: Callable[[], bool], *, max_answers: int) -> None:
        self._chat = chat
        self._job = job
        self._may_call = may_call
        self._max_answers = max_answers

    def result(self, analysis: AnyAnalysis) -> BaseModel:
        """The job's result, valid against the analysis's output model.

        Raises JobFailed, Deferred, AttemptFailed and Unavailable.
        """
        job = self._job
        try:
            config = JobConfig.model_validate(job.config)
            document = analysis.input_model.model_validate_json(json.dumps(job.input))
            rules = config.rules_of(analysis)
        except ValidationError as exc:
            # Accepted by another release, whose models this one does not have.
            raise JobFailed(FailureCode.INTERNAL_ERROR, "This release cannot read the job.") from exc
        context = Context(created_at=job.created_at, rules=rules)
        with self._code_of(analysis):
            prompt = analysis.prompt(document, context)
        metadata = {"job_id": str(job.id), "analysis": job.analysis, "attempt": str(job.attempt)}
        answer = self._ask(first_request(config, prompt, analysis, metadata), analysis)
        with self._code_of(analysis):
            result: BaseModel = analysis.conclude(document, answer, context)
        return result

    @contextmanager
    def _code_of(self, analysis: AnyAnalysis) -> Iterator[None]:
        """Fail the job on an error in the analysis's own code: it would occur again in every attempt."""
        try:
            yield
        except InvalidAnswer:  # the model's error
            raise
        except Exception as exc:
            log.error("analysis failed", exc, job_id=self._job.id, analysis=analysis.name)
            raise JobFailed(FailureCode.INTERNAL_ERROR, "The analysis could not handle the document.") from exc

    def _ask(self, request: ChatRequest, analysis: AnyAnalysis) -> BaseModel:
        while True:
            answer = self._call(request)
            if answer.stop_reason != "complete":
                raise JobFailed(FAILURES[answer.stop_reason])
            try:
                with self._code_of(analysis):  # its validators
                    return validated(analysis.answer_model, answer)
            except InvalidAnswer as exc:
                log.info("answer invalid", job_id=self._job.id, answers=self._chat.answers, fields=exc.pointers)
                if self._chat.answers == self._max_answers:
                    answers = self._job.paid_calls + self._chat.answers
                    raise JobFailed(FailureCode.INVALID_OUTPUT, f"({answers} answers)") from None
                request = _corrected(request, answer, exc)

    def _call(self, request: ChatRequest) -> ChatAnswer:
        if not self._may_call():
            raise AttemptFailed("no time left, or the lease was lost", FailureCode.ATTEMPTS_EXHAUSTED)
        try:
            return self._chat.ask(request)
        except ModelError as exc:
            raise job_error(exc) from exc


def _corrected(request: ChatRequest, answer: ChatAnswer, invalid: InvalidAnswer) -> ChatRequest:
    """The request that sends an answer back with its errors."""
    call_ids = tuple(call.id for call in answer.tool_calls)
    correction = ToolErrors(call_ids, invalid.explanation) if call_ids else UserText(invalid.explanation)
    return request.with_turns(answer.turn, correction)
