"""Mutants of the mechanisms that make changes safe to repeat: fence, lease, idempotency key, withdrawal."""

import dataclasses
from typing import Any

from chaos_product.edit import edit_statement, patch


def no_fence() -> None:
    from pipeline.jobs.adapters.job_store import SQL

    fence = "AND attempt = CAST(:attempt AS integer)"
    for name in ("release", "succeed", "fail"):
        edit_statement(SQL, name, fence, "AND attempt >= CAST(:attempt AS integer)")


def no_lease_test() -> None:
    from pipeline.jobs.adapters.job_store import SQL

    edit_statement(SQL, "claim", " AND lease_expires_at <= now()", "")


def no_key() -> None:
    from pipeline.jobs.adapters.job_store import PostgresJobStore

    submit = PostgresJobStore.submit

    def fresh(self: PostgresJobStore, job: Any, admission: Any) -> Any:
        return submit(self, dataclasses.replace(job, idempotency_key=None), admission)

    patch(PostgresJobStore, "submit", fresh)
    patch(PostgresJobStore, "find_by_key", lambda *_: None)


def no_withdrawal() -> None:
    from pipeline.jobs.adapters.job_store import PostgresJobStore

    patch(PostgresJobStore, "withdraw", lambda *_: True)


def lost_ack() -> None:
    from pipeline.jobs.adapters.job_store import SQL

    edit_statement(SQL, "ended_as", "WHERE", "WHERE false AND")


def day_without_end() -> None:
    from pipeline.jobs.adapters.job_store import SQL

    edit_statement(SQL, "submit", "CAST(:max_bytes_per_day AS bigint)", "1000 * CAST(:max_bytes_per_day AS bigint)")


def cancel_lies() -> None:
    from pipeline.jobs.domain.job import JobStatus, job_id_of
    from pipeline.jobs.services.cancel_job import CancelJob

    def lie(self: Any, given_id: str, tenant_id: str) -> Any:
        found = self.store.get(job_id_of(given_id), tenant_id)
        return dataclasses.replace(found, status=JobStatus.CANCELLED)

    patch(CancelJob, "run", lie)
