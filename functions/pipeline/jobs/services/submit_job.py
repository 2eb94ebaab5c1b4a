"""Accept a request: validate it, pin its configuration, record the job, enqueue its message."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel, ValidationError

from pipeline.definitions.analysis import AnyAnalysis, Context
from pipeline.jobs.domain.admission import Admission
from pipeline.jobs.domain.job import JobMessage, NewJob, SubmittedJob
from pipeline.jobs.domain.job_config import JobConfig, ParameterRefused, resolve_job_config
from pipeline.jobs.domain.request import AnalyzeRequest
from pipeline.jobs.errors import KeyReused
from pipeline.jobs.ports import JobQueue, JobStore
from pipeline.jobs.services.first_request import first_request
from pipeline.models.calls import max_cost_usd
from pipeline.models.catalogue import Model, UnknownModel
from pipeline.models.ports import StageConfigSource
from pipeline.models.stage_config import Limits, StageConfig
from pipeline.platform.errors import ConfigurationError, InvalidRequest, PipelineError, Unavailable, field_errors
from pipeline.platform.observability import log


@dataclass(frozen=True, slots=True)
class SubmitJob:
    """The use case behind ``POST /analyze``."""

    store: JobStore
    queue: JobQueue
    stage_config: StageConfigSource
    analyses: Mapping[str, AnyAnalysis]
    new_id: Callable[[], UUID] = uuid4
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def run(self, request: AnalyzeRequest, tenant_id: str, idempotency_key: str | None) -> SubmittedJob:
        """Record the job and enqueue it, or return the one that the same key made before.

        Raises RequestRefused if the request cannot be accepted, and Unavailable while the database or the queue is
        down.
        """
        digest = fingerprint(request)
        submitted = self._submitted(request, digest, tenant_id, idempotency_key)
        if submitted.request_fingerprint != digest:
            raise KeyReused
        if not submitted.enqueued:
            self._enqueue(JobMessage.of(submitted.id, tenant_id), tenant_id)
        return submitted

    def _submitted(
        self, request: AnalyzeRequest, digest: bytes, tenant_id: str, idempotency_key: str | None
    ) -> SubmittedJob:
        try:
            job, admission = self._new_job(request, digest, tenant_id, idempotency_key)
        except PipelineError:
            # Today's configuration and limits do not apply to a job that was accepted before under the same key.
            if idempotency_key and (earlier := self.store.find_by_key(tenant_id, idempotency_key)):
                return earlier
            raise
        return self.store.submit(job, admission)

    def _enqueue(self, message: JobMessage, tenant_id: str) -> None:
        # The record comes first: a message without a job would be lost work, while the sweeper finds a job without a
        # message. Two requests with one key may both send: a job's second message finds it claimed.
        try:
            self.queue.send(message)
        except Unavailable:
            if self.store.withdraw(message.job_id, tenant_id):
                raise
            return  # a worker has claimed it: the message was sent, only SQS's answer was lost
        try:
            exists = self.store.mark_enqueued(message.job_id, tenant_id)
        except Unavailable as exc:
            log.error("not marked as enqueued", exc, job_id=message.job_id)  # its message is on the queue all the same
            return
        if not exists:
            raise Unavailable("queue")  # the other request with this key could not send, and withdrew the job

    def _new_job(
        self, request: AnalyzeRequest, digest: bytes, tenant_id: str, idempotency_key: str | None
    ) -> tuple[NewJob, Admission]:
        analysis = self.analyses.get(request.analysis)
        if analysis is None:
            known = ", ".join(sorted(self.analyses))
            raise InvalidRequest.at("/analysis", f"Unknown analysis. Available: {known}.")
        document = _document(analysis, request.input)
        stage, rules = self.stage_config.current()
        model = _model(stage, request.model, analysis.settings.model)
        try:
            config = resolve_job_config(stage, model, analysis, request.parameters, rules.get(analysis.name, {}))
        except ParameterRefused as exc:
            raise InvalidRequest.at(f"/parameters/{exc.parameter}", exc.why) from exc
        except ValidationError as exc:
            raise ConfigurationError(f"the business rules of {analysis.name} do not fit their model") from exc
        job = NewJob(
            id=self.new_id(),
            tenant_id=tenant_id,
            idempotency_key=idempotency_key,
            request_fingerprint=digest,
            analysis=analysis.name,
            input=document.model_dump(mode="json", exclude_unset=True),
            metadata=request.metadata,
            config=config,
        )
        return job, self._admission(stage.limits, analysis, document, config)

    def _admission(self, limits: Limits, analysis: AnyAnalysis, document: BaseModel, config: JobConfig) -> Admission:
        """The limits for a new job. With ``over_limit: wait``, a reached daily limit does not prevent admission."""
        always = Admission(
            limits.queued_jobs_per_tenant, limits.daily_jobs_per_tenant, limits.daily_input_bytes_per_tenant
        )
        if limits.over_limit == "wait":
            return always
        return replace(
            always,
            max_cost_usd=self._max_cost_usd(analysis, document, config),
            daily_usd_per_tenant=limits.daily_usd_per_tenant,
            daily_usd=limits.daily_usd,
        )

    def _max_cost_usd(self, analysis: AnyAnalysis, document: BaseModel, config: JobConfig) -> Decimal:
        """Upper bound of the cost of the job's first call."""
        context = Context(created_at=self.now(), rules=config.rules_of(analysis))
        try:
            prompt = analysis.prompt(document, context)
        except Exception:  # noqa: BLE001 - the worker fails the job for the same reason, without a call
            return Decimal(0)
        return max_cost_usd(first_request(config, prompt, analysis, {}))


def fingerprint(request: AnalyzeRequest) -> bytes:
    """SHA-256 of the request's content: order, white space and explicit defaults do not matter."""
    content = request.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).digest()


def _document(analysis: AnyAnalysis, given: dict[str, Any]) -> BaseModel:
    try:
        document: BaseModel = analysis.input_model.model_validate_json(json.dumps(given))
    except ValidationError as exc:
        raise InvalidRequest(field_errors(exc, "/input")) from None
    return document


def _model(stage: StageConfig, asked: str | None, preferred: str | None) -> Model:
    catalogue = stage.catalogue
    name = asked or preferred or stage.default_model
    try:
        model = catalogue.find(name)
    except UnknownModel:
        known = ", ".join(sorted(catalogue.aliases))
        raise InvalidRequest.at("/model", f"Unknown model. Available by alias: {known}.") from None
    if model.lifecycle.state == "end_of_life":
        detail = f"{model.name} has reached its end of life on Bedrock. Use {model.lifecycle.replaced_by}."
        raise InvalidRequest.at("/model", detail)
    return model
