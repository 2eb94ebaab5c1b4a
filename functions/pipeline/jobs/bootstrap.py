"""The composition root of jobs: builds each use case once, on first use, and keeps it for later invocations."""

from dataclasses import dataclass
from functools import cache

from pipeline import analyses
from pipeline.jobs.adapters.dead_letters import PostgresDeadLetterStore
from pipeline.jobs.adapters.failed_jobs import PostgresFailedJobs
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.jobs.adapters.queue import SqsDelivery, SqsJobQueue
from pipeline.jobs.adapters.results import S3ResultStore
from pipeline.jobs.services.cancel_job import CancelJob
from pipeline.jobs.services.check_health import CheckHealth
from pipeline.jobs.services.get_job import GetJob
from pipeline.jobs.services.list_jobs import ListJobs
from pipeline.jobs.services.record_dead_letter import RecordDeadLetter
from pipeline.jobs.services.redrive_job import ListFailedJobs, RedriveJob
from pipeline.jobs.services.run_job import RunJob
from pipeline.jobs.services.submit_job import SubmitJob
from pipeline.jobs.services.sweep_jobs import SweepJobs
from pipeline.jobs.settings import DeadLetterSettings, JobSettings, SweeperSettings
from pipeline.models.bedrock import BedrockConverse
from pipeline.models.postgres_call_ledger import PostgresCallLedger
from pipeline.models.stage_config_source import ParameterStoreStageConfig
from pipeline.platform import aws, observability
from pipeline.platform.bootstrap import connect_postgres


@dataclass(frozen=True, slots=True)
class Api:
    """The use cases of the API."""

    stage: str
    submit_job: SubmitJob
    get_job: GetJob
    list_jobs: ListJobs
    cancel_job: CancelJob
    check_health: CheckHealth


@dataclass(frozen=True, slots=True)
class Operator:
    """The use cases of an operator."""

    list_failed_jobs: ListFailedJobs
    redrive_job: RedriveJob


@cache
def api() -> Api:
    """What the API handler needs."""
    observability.configure()
    settings = JobSettings.read()
    postgres = connect_postgres(settings)
    store = PostgresJobStore(postgres)
    queue = SqsJobQueue(aws.sqs, settings.sqs_queue_url)
    results = S3ResultStore(aws.s3, settings.s3_bucket_name)
    stage_config = _stage_config(settings)
    return Api(
        stage=settings.environment,
        submit_job=SubmitJob(store, queue, PostgresCallLedger(postgres), stage_config, analyses.load()),
        get_job=GetJob(store, results),
        list_jobs=ListJobs(store),
        cancel_job=CancelJob(store),
        check_health=CheckHealth({"database": store.ping, "queue": queue.ping, "configuration": stage_config.current}),
    )


@cache
def run_job() -> RunJob:
    """The worker's use case."""
    observability.configure()
    settings = JobSettings.read()
    postgres = connect_postgres(settings)
    return RunJob(
        store=PostgresJobStore(postgres),
        queue=SqsJobQueue(aws.sqs, settings.sqs_queue_url),
        results=S3ResultStore(aws.s3, settings.s3_bucket_name),
        model=BedrockConverse(aws.bedrock_runtime),
        ledger=PostgresCallLedger(postgres),
        stage_config=_stage_config(settings),
        analyses=analyses.load(),
    )


def delivery(receipt_handle: str) -> SqsDelivery:
    """A received message of the job queue."""
    return SqsDelivery(aws.sqs(), JobSettings.read().sqs_queue_url, receipt_handle)


@cache
def sweep_jobs() -> SweepJobs:
    """What the sweeper needs."""
    observability.configure()
    settings = SweeperSettings.read()
    return SweepJobs(PostgresJobStore(connect_postgres(settings)), SqsJobQueue(aws.sqs, settings.sqs_queue_url))


@cache
def record_dead_letter() -> RecordDeadLetter:
    """The use case of the consumer of the dead-letter queue."""
    observability.configure()
    settings = DeadLetterSettings.read()
    return RecordDeadLetter(PostgresDeadLetterStore(connect_postgres(settings)), settings.max_receive_count)


@cache
def operator() -> Operator:
    """What the operator's function needs."""
    observability.configure()
    settings = SweeperSettings.read()
    postgres = connect_postgres(settings)
    failed, store = PostgresFailedJobs(postgres), PostgresJobStore(postgres)
    return Operator(
        ListFailedJobs(failed, PostgresDeadLetterStore(postgres)),
        RedriveJob(failed, store, SqsJobQueue(aws.sqs, settings.sqs_queue_url)),
    )


def _stage_config(settings: JobSettings) -> ParameterStoreStageConfig:
    return ParameterStoreStageConfig(aws.ssm, settings.config_parameter_name, settings.business_rules_parameter_name)
