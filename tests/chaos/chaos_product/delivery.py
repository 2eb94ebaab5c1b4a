"""Mutants of the delivery of jobs: from the API to a worker, and from a dead worker to the next."""

from datetime import UTC, datetime
from typing import Any


def ack_first() -> None:
    from pipeline.jobs.services.run_job import RunJob

    run = RunJob.run

    def acknowledge(self: Any, message: Any, delivery: Any, remaining: Any) -> None:
        delivery._client.delete_message(QueueUrl=delivery._url, ReceiptHandle=delivery._receipt_handle)
        run(self, message, delivery, remaining)

    setattr(RunJob, "run", acknowledge)  # noqa: B010 - mypy refuses to assign to a method


def never_hidden() -> None:
    from pipeline.jobs.adapters.queue import SqsDelivery

    setattr(SqsDelivery, "hide", lambda *_: None)  # noqa: B010


def no_heartbeat() -> None:
    from pipeline.jobs.services.heartbeat import Heartbeat

    setattr(Heartbeat, "_run", lambda *_: None)  # noqa: B010


def no_sweeper() -> None:
    from pipeline.jobs.services.sweep_jobs import SweepJobs

    setattr(SweepJobs, "run", lambda *_: 0)  # noqa: B010


def released_unsent() -> None:
    from pipeline.jobs.adapters.queue import SqsJobQueue
    from pipeline.jobs.services.run_job import RunJob

    no_sweeper()
    give_back, send = RunJob._give_back, SqsJobQueue.send

    def silently(self: Any, *of_job: Any) -> None:
        setattr(SqsJobQueue, "send", lambda *_: None)  # noqa: B010
        try:
            give_back(self, *of_job)
        finally:
            setattr(SqsJobQueue, "send", send)  # noqa: B010

    setattr(RunJob, "_give_back", silently)  # noqa: B010


def accepts_unrecorded() -> None:
    from pipeline.jobs.adapters.job_store import PostgresJobStore
    from pipeline.jobs.domain.job import SubmittedJob
    from pipeline.platform.errors import Unavailable

    submit, find_by_key = PostgresJobStore.submit, PostgresJobStore.find_by_key

    def lenient(self: Any, job: Any, admission: Any) -> SubmittedJob:
        try:
            return submit(self, job, admission)
        except Unavailable:
            return SubmittedJob(job.id, datetime.now(UTC), job.request_fingerprint, enqueued=True)

    def blind(self: Any, tenant_id: str, key: str) -> Any:
        try:
            return find_by_key(self, tenant_id, key)
        except Unavailable:
            return None

    setattr(PostgresJobStore, "submit", lenient)  # noqa: B010
    setattr(PostgresJobStore, "find_by_key", blind)  # noqa: B010
