"""The composition root: the one place where services meet adapters. What is built is kept for the next invocation."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from pg8000 import native
from pg8000.exceptions import InterfaceError

from analysis import analyses, observability
from analysis.adapters import aws, migrations
from analysis.adapters.bedrock import BedrockConverse
from analysis.adapters.call_ledger import PostgresCallLedger
from analysis.adapters.failed_jobs import PostgresFailedJobs
from analysis.adapters.graveyard import PostgresGraveyard
from analysis.adapters.job_store import PostgresJobStore
from analysis.adapters.logins import PostgresLogins, set_password
from analysis.adapters.parameters import ParameterStoreConfiguration
from analysis.adapters.postgres import MIGRATIONS, REQUESTS, Postgres, Waits
from analysis.adapters.queue import SqsDelivery, SqsJobQueue, letter_of, message_of
from analysis.adapters.results import S3ResultStore
from analysis.adapters.secrets import DatabasePassword, SecretVersions
from analysis.config import (
    DatabaseSettings,
    DeadLetterSettings,
    JobSettings,
    MigratorSettings,
    ServerSettings,
    SweeperSettings,
)
from analysis.services.bury import Bury
from analysis.services.credentials import Rotate, admit
from analysis.services.jobs import Cancel, ListJobs
from analysis.services.process import Process
from analysis.services.redrive import ListFailures, Redrive
from analysis.services.status import Health, Status
from analysis.services.submit import Submit
from analysis.services.sweep import Sweep


@dataclass(frozen=True, slots=True)
class Api:
    """The use cases of the API."""

    stage: str
    submit: Submit
    status: Status
    jobs: ListJobs
    cancel: Cancel
    health: Health


@dataclass(frozen=True, slots=True)
class Worker:
    """The processor's use case, and how to get from an SQS record to it."""

    process: Process
    queue_url: str

    def run(self, record: dict[str, Any], remaining: Callable[[], float]) -> None:
        """Run the job of one record. Raises ValueError for a message that names none."""
        self.process(message_of(record), self.delivery(record), remaining)

    def delivery(self, record: dict[str, Any]) -> SqsDelivery:
        """The record as a message that can be hidden for a while."""
        return SqsDelivery(aws.sqs(), self.queue_url, record["receiptHandle"])


@dataclass(frozen=True, slots=True)
class Undertaker:
    """The use case of dead letters, and how to get from an SQS record to it."""

    bury: Bury

    def take(self, record: dict[str, Any]) -> None:
        """Bury the letter of one record, whatever it says."""
        self.bury(letter_of(record))


@dataclass(frozen=True, slots=True)
class Operator:
    """The use cases of an operator."""

    failures: ListFailures
    redrive: Redrive


@cache
def api() -> Api:
    """What the API handler needs."""
    observability.configure()
    settings = JobSettings.read()
    postgres = _postgres(settings)
    store = PostgresJobStore(postgres)
    queue = SqsJobQueue(aws.sqs, settings.sqs_queue_url)
    results = S3ResultStore(aws.s3, settings.s3_bucket_name)
    configuration = _configuration(settings)
    return Api(
        stage=settings.environment,
        submit=Submit(store, queue, PostgresCallLedger(postgres), configuration, analyses.load()),
        status=Status(store, results),
        jobs=ListJobs(store),
        cancel=Cancel(store),
        health=Health({"database": store.ping, "queue": queue.ping, "configuration": configuration.current}),
    )


@cache
def worker() -> Worker:
    """What the processor needs."""
    observability.configure()
    settings = JobSettings.read()
    postgres = _postgres(settings)
    process = Process(
        store=PostgresJobStore(postgres),
        queue=SqsJobQueue(aws.sqs, settings.sqs_queue_url),
        results=S3ResultStore(aws.s3, settings.s3_bucket_name),
        model=BedrockConverse(aws.bedrock_runtime),
        ledger=PostgresCallLedger(postgres),
        configuration=_configuration(settings),
        analyses=analyses.load(),
    )
    return Worker(process, settings.sqs_queue_url)


@cache
def sweep() -> Sweep:
    """What the sweeper needs."""
    observability.configure()
    settings = SweeperSettings.read()
    return Sweep(PostgresJobStore(_postgres(settings)), SqsJobQueue(aws.sqs, settings.sqs_queue_url))


@cache
def undertaker() -> Undertaker:
    """What the consumer of the dead-letter queue needs."""
    observability.configure()
    settings = DeadLetterSettings.read()
    return Undertaker(Bury(PostgresGraveyard(_postgres(settings)), settings.max_receive_count))


@cache
def operator() -> Operator:
    """What the operator's function needs."""
    observability.configure()
    settings = SweeperSettings.read()
    postgres = _postgres(settings)
    failed, store = PostgresFailedJobs(postgres), PostgresJobStore(postgres)
    return Operator(
        ListFailures(failed, PostgresGraveyard(postgres)),
        Redrive(failed, store, SqsJobQueue(aws.sqs, settings.sqs_queue_url)),
    )


@cache
def rotate() -> Rotate:
    """What the rotator needs."""
    observability.configure()
    return Rotate(SecretVersions(aws.secrets_manager), PostgresLogins(ServerSettings.read()))


def migrate() -> tuple[list[str], list[str]]:
    """Apply the artifact's migrations and let the roles that they make log in; the names of both."""
    observability.configure()
    settings = MigratorSettings.read()
    found = migrations.read(Path(settings.lambda_task_root) / "database" / "migrations")
    connection: native.Connection = _postgres(settings, MIGRATIONS).connect()
    try:
        applied = migrations.apply(connection, found)
        versions, logins = SecretVersions(aws.secrets_manager), PostgresLogins(settings)
        secrets = (settings.api_password_secret_arn, settings.worker_password_secret_arn)
        let_in = partial(set_password, connection, option="LOGIN")
        admitted = [admit(secret_arn, versions, logins, let_in) for secret_arn in secrets]
        return applied, [name for name in admitted if name]
    finally:
        with suppress(InterfaceError, OSError):  # lost already: the error that is on its way says so
            connection.close()


def _configuration(settings: JobSettings) -> ParameterStoreConfiguration:
    return ParameterStoreConfiguration(aws.ssm, settings.config_parameter_name, settings.business_rules_parameter_name)


def _postgres(settings: DatabaseSettings, waits: Waits = REQUESTS) -> Postgres:
    return Postgres(settings, DatabasePassword(aws.secrets_manager, settings.db_password_secret_arn), waits)
