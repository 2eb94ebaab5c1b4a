"""The composition root of jobs: builds each use case once, on first use, and keeps it for later invocations.

Imports stand inside the builders, so that a cold start loads what its function and its route need and nothing else:
``tests/unit/test_import_budgets.py`` holds each of them to that.
"""

from functools import cache
from typing import TYPE_CHECKING

from pipeline.platform import policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.definitions.analysis import AnyAnalysis
    from pipeline.jobs.adapters.erasures import PostgresErasureStore
    from pipeline.jobs.adapters.job_store import PostgresJobStore
    from pipeline.jobs.adapters.queue import SqsDelivery, SqsJobQueue
    from pipeline.jobs.adapters.results import S3ResultStore
    from pipeline.jobs.services.cancel_job import CancelJob
    from pipeline.jobs.services.check_health import CheckHealth
    from pipeline.jobs.services.enforce_retention import EnforceRetention
    from pipeline.jobs.services.erase_job import EraseJob
    from pipeline.jobs.services.erase_jobs import EraseJobs
    from pipeline.jobs.services.get_job import GetJob
    from pipeline.jobs.services.list_jobs import ListJobs
    from pipeline.jobs.services.record_dead_letter import RecordDeadLetter
    from pipeline.jobs.services.redrive_job import ListFailedJobs, RedriveJob
    from pipeline.jobs.services.report_spending import ReportSpending
    from pipeline.jobs.services.run_job import RunJob
    from pipeline.jobs.services.submit_job import SubmitJob
    from pipeline.jobs.services.sweep_jobs import SweepJobs
    from pipeline.models.postgres_call_ledger import PostgresCallLedger
    from pipeline.models.stage_config_source import ParameterStoreStageConfig
    from pipeline.platform.postgres import Postgres


@cache
def analyses() -> "Mapping[str, AnyAnalysis]":
    """The analyses of this release, by name."""
    from pipeline.analyses import load

    return load()


@cache
def authorization() -> str:
    """How the stage's API authorizes its callers: ``open``, ``iam`` or ``jwt``."""
    from pipeline.tenancy.settings import AuthorizationSettings

    return AuthorizationSettings.read().api_authorization


@cache
def submit_job() -> "SubmitJob":
    from pipeline.jobs.services.submit_job import SubmitJob

    return SubmitJob(_store(), _queue(), _stage_config(), analyses())


@cache
def get_job() -> "GetJob":
    from pipeline.jobs.services.get_job import GetJob

    return GetJob(_store(), _results())


@cache
def list_jobs() -> "ListJobs":
    from pipeline.jobs.services.list_jobs import ListJobs

    return ListJobs(_store())


@cache
def cancel_job() -> "CancelJob":
    from pipeline.jobs.services.cancel_job import CancelJob

    return CancelJob(_store())


@cache
def erase_job() -> "EraseJob":
    from pipeline.jobs.services.erase_job import EraseJob

    return EraseJob(_store())


@cache
def check_health() -> "CheckHealth":
    from pipeline.jobs.services.check_health import CheckHealth
    from pipeline.jobs.settings import QueueSettings

    checks = {"database": _store().ping, "queue": _queue().ping, "configuration": _stage_config().current}
    return CheckHealth(QueueSettings.read().environment, checks, policy.current().api.health_kept_s)


@cache
def run_job() -> "RunJob":
    from pipeline.jobs.services.delays import Delays
    from pipeline.jobs.services.run_job import RunJob
    from pipeline.models.bedrock import BedrockChatModel
    from pipeline.platform import aws

    return RunJob(
        store=_store(),
        queue=_queue(),
        results=_results(),
        model=BedrockChatModel(aws.bedrock_runtime, policy.current().model),
        ledger=_ledger(),
        stage_config=_stage_config(),
        analyses=analyses(),
        policy=policy.current(),
        delays=Delays(policy.current()),
    )


def delivery(receipt_handle: str) -> "SqsDelivery":
    """A received message of the job queue."""
    from pipeline.jobs.adapters.queue import SqsDelivery
    from pipeline.jobs.settings import QueueSettings
    from pipeline.platform import aws

    return SqsDelivery(aws.sqs(), QueueSettings.read().sqs_queue_url, receipt_handle)


@cache
def sweep_jobs() -> "SweepJobs":
    from pipeline.jobs.services.sweep_jobs import SweepJobs

    return SweepJobs(_store(), _queue(), policy.current().sweep)


@cache
def enforce_retention() -> "EnforceRetention":
    from pipeline.jobs.services.enforce_retention import EnforceRetention
    from pipeline.jobs.settings import RetentionSettings

    return EnforceRetention(_erasures(), _results(), policy.current().erasure, RetentionSettings.read().retention_days)


@cache
def erase_jobs() -> "EraseJobs":
    from pipeline.jobs.services.erase_jobs import EraseJobs

    return EraseJobs(_erasures(), policy.current().erasure)


@cache
def report_spending() -> "ReportSpending":
    from pipeline.jobs.services.report_spending import ReportSpending

    return ReportSpending(_ledger(), _stage_config())


@cache
def record_dead_letter() -> "RecordDeadLetter":
    from pipeline.jobs.adapters.dead_letters import PostgresDeadLetterStore
    from pipeline.jobs.services.record_dead_letter import RecordDeadLetter
    from pipeline.jobs.settings import DeadLetterSettings

    return RecordDeadLetter(PostgresDeadLetterStore(_postgres()), DeadLetterSettings.read().max_receive_count)


@cache
def list_failed_jobs() -> "ListFailedJobs":
    from pipeline.jobs.adapters.dead_letters import PostgresDeadLetterStore
    from pipeline.jobs.adapters.failed_jobs import PostgresFailedJobs
    from pipeline.jobs.services.redrive_job import ListFailedJobs

    return ListFailedJobs(PostgresFailedJobs(_postgres()), PostgresDeadLetterStore(_postgres()))


@cache
def redrive_job() -> "RedriveJob":
    from pipeline.jobs.adapters.failed_jobs import PostgresFailedJobs
    from pipeline.jobs.services.redrive_job import RedriveJob

    return RedriveJob(PostgresFailedJobs(_postgres()), _store(), _queue())


@cache
def _postgres() -> "Postgres":
    from pipeline.platform.bootstrap import connect_postgres
    from pipeline.platform.settings import DatabaseSettings

    return connect_postgres(DatabaseSettings.read(), policy.current().database)


@cache
def _store() -> "PostgresJobStore":
    from pipeline.jobs.adapters.job_store import PostgresJobStore

    return PostgresJobStore(_postgres())


@cache
def _erasures() -> "PostgresErasureStore":
    from pipeline.jobs.adapters.erasures import PostgresErasureStore

    return PostgresErasureStore(_postgres())


@cache
def _queue() -> "SqsJobQueue":
    from pipeline.jobs.adapters.queue import SqsJobQueue
    from pipeline.jobs.settings import QueueSettings
    from pipeline.platform import aws

    return SqsJobQueue(aws.sqs, QueueSettings.read().sqs_queue_url)


@cache
def _results() -> "S3ResultStore":
    from pipeline.jobs.adapters.results import S3ResultStore
    from pipeline.jobs.settings import ResultSettings
    from pipeline.platform import aws

    return S3ResultStore(aws.s3, ResultSettings.read().s3_bucket_name, policy.current().api.result_url_s)


@cache
def _ledger() -> "PostgresCallLedger":
    from pipeline.models.postgres_call_ledger import PostgresCallLedger

    rules = policy.current()
    return PostgresCallLedger(_postgres(), rules.circuit, rules.denials, rules.prompt_cache)


@cache
def _stage_config() -> "ParameterStoreStageConfig":
    from pipeline.jobs.settings import ParameterSettings
    from pipeline.models.stage_config_source import ParameterStoreStageConfig
    from pipeline.platform import aws

    settings = ParameterSettings.read()
    return ParameterStoreStageConfig(
        aws.ssm,
        settings.config_parameter_name,
        settings.business_rules_parameter_name,
        policy.current().stage_config_cache_s,
    )
