"""Accept a request: check it, pin its configuration, record the job, put its message on the queue."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel, ValidationError

from pipeline.definitions.analysis import AnyAnalysis
from pipeline.jobs.domain.job import JobMessage, NewJob, SubmittedJob
from pipeline.jobs.domain.job_config import ParameterRefused, resolve_job_config
from pipeline.jobs.domain.request import AnalyzeRequest
from pipeline.jobs.errors import KeyReused, LimitReached, TooManyQueued
from pipeline.jobs.ports import JobQueue, JobStore
from pipeline.models.calls import max_cost_usd
from pipeline.models.catalogue import Model, UnknownModel
from pipeline.models.converse import estimated_tokens
from pipeline.models.ports import CallLedger, StageConfigSource
from pipeline.models.stage_config import Limits, StageConfig
from pipeline.platform.errors import ConfigurationError, InvalidRequest, Unavailable, field_errors
from pipeline.platform.observability import log


@dataclass(frozen=True, slots=True)
class SubmitJob:
    """The use case behind ``POST /analyze``."""

    store: JobStore
    queue: JobQueue
    ledger: CallLedger
    stage_config: StageConfigSource
    analyses: Mapping[str, AnyAnalysis]
    new_id: Callable[[], UUID] = uuid4

    def run(self, request: AnalyzeRequest, tenant_id: str, idempotency_key: str | None) -> SubmittedJob:
        """Record the job and enqueue it, or find the one that the same key made before.

        Raises RequestRefused when the request is at fault, and Unavailable when the database or the queue is down.
        """
        said = fingerprint(request)
        # First of all: what is true of today's configuration says nothing about a job that was accepted before.
        recorded = self.store.find(tenant_id, idempotency_key) if idempotency_key else None
        recorded = recorded or self.store.record(self._new_job(request, said, tenant_id, idempotency_key))
        if recorded.request_fingerprint != said:
            raise KeyReused
        if not recorded.enqueued:
            self._enqueue(JobMessage.of(recorded.id, tenant_id), tenant_id)
        return recorded

    def _within(self, limits: Limits, tenant_id: str, usd: Decimal) -> None:
        most = limits.waiting_jobs_per_tenant
        if most is not None and self.store.waiting(tenant_id, most) >= most:
            raise TooManyQueued(most)
        of_tenant, of_stage = limits.daily_usd_per_tenant, limits.daily_usd
        if limits.over_limit == "wait" or (of_tenant is None and of_stage is None):
            return
        spent = self.ledger.spent_today(tenant_id)
        if (of_tenant is not None and spent.tenant + usd > of_tenant) or (
            of_stage is not None and spent.stage + usd > of_stage
        ):
            raise LimitReached(spent.day_ends_in)

    def _enqueue(self, message: JobMessage, tenant_id: str) -> None:
        job_id = message.job_id
        # The record comes first: a message without a job would be lost work, a job without a message is found by the
        # sweeper. Two requests with one key may both send; a job's second message finds it claimed.
        try:
            self.queue.send(message)
        except Unavailable:
            if self.store.withdraw(job_id, tenant_id):
                raise
            return  # a worker has it already: the message got through, only the answer was lost
        try:
            known = self.store.mark_enqueued(job_id, tenant_id)
        except Unavailable as away:
            log.error("not marked as enqueued", away, job_id=job_id)  # its message is on the queue all the same
            return
        if not known:
            raise Unavailable("queue")  # the other request with this key could not send, and withdrew the job

    def _new_job(self, request: AnalyzeRequest, said: bytes, tenant_id: str, idempotency_key: str | None) -> NewJob:
        analysis = self.analyses.get(request.analysis)
        if analysis is None:
            known = ", ".join(sorted(self.analyses))
            raise InvalidRequest.at("/analysis", f"There is no such analysis. Known are: {known}.")
        document = _document(analysis, request.input)
        stage, rules = self.stage_config.current()
        model = _model(stage, request.model, analysis.settings.model)
        try:
            config = resolve_job_config(stage, model, analysis, request.parameters, rules.get(analysis.name, {}))
        except ParameterRefused as refused:
            raise InvalidRequest.at(f"/parameters/{refused.parameter}", refused.why) from refused
        except ValidationError as fault:
            raise ConfigurationError(f"the business rules of {analysis.name} do not fit their model") from fault
        self._within(
            stage.limits,
            tenant_id,
            max_cost_usd(estimated_tokens(request.input), config.inference["maxTokens"], model.price),
        )
        return NewJob(
            id=self.new_id(),
            tenant_id=tenant_id,
            idempotency_key=idempotency_key,
            request_fingerprint=said,
            analysis=analysis.name,
            input=document.model_dump(mode="json", exclude_unset=True),
            metadata=request.metadata,
            config=config,
        )


def fingerprint(request: AnalyzeRequest) -> bytes:
    """SHA-256 of what the request says: order, white space and spelt-out defaults do not matter."""
    said = request.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).digest()


def _document(analysis: AnyAnalysis, given: dict[str, Any]) -> BaseModel:
    try:
        document: BaseModel = analysis.input_model.model_validate_json(json.dumps(given))
    except ValidationError as fault:
        raise InvalidRequest(field_errors(fault, "/input")) from None
    return document


def _model(stage: StageConfig, asked: str | None, preferred: str | None) -> Model:
    catalogue = stage.catalogue
    name = asked or preferred or stage.default_model
    try:
        model = catalogue.find(name)
    except UnknownModel:
        known = ", ".join(sorted(catalogue.aliases))
        raise InvalidRequest.at("/model", f"There is no such model. Known by name are: {known}.") from None
    if model.lifecycle.state == "end_of_life":
        detail = f"{model.name} has reached its end of life on Bedrock. Use {model.lifecycle.replaced_by}."
        raise InvalidRequest.at("/model", detail)
    return model
