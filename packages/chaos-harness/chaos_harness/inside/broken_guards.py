"""Mutants of what makes changes safe to repeat: fence, lease, key, withdrawal."""

import dataclasses
from typing import Any


def no_fence() -> None:
    from pipeline.jobs.adapters import job_statements as sql

    fence = "AND attempt = CAST(:attempt AS integer)"
    for name in ("RELEASE", "SUCCEED", "FAIL"):
        _replace(sql, name, fence, "AND attempt >= CAST(:attempt AS integer)")


def no_lease_test() -> None:
    from pipeline.jobs.adapters import job_statements as sql

    _replace(sql, "CLAIM", " AND lease_expires_at <= now()", "")


def no_key() -> None:
    from pipeline.jobs.adapters.job_store import PostgresJobStore

    record = PostgresJobStore.record

    def fresh(self: PostgresJobStore, job: Any) -> Any:
        return record(self, dataclasses.replace(job, idempotency_key=None))

    _patch(PostgresJobStore, "record", fresh)
    _patch(PostgresJobStore, "find", lambda *_: None)


def no_withdrawal() -> None:
    from pipeline.jobs.adapters.job_store import PostgresJobStore

    _patch(PostgresJobStore, "withdraw", lambda *_: True)


def lost_ack() -> None:
    from pipeline.jobs.adapters import job_statements as sql

    _replace(sql, "ENDED_AS", "WHERE", "WHERE false AND")


def cancel_lies() -> None:
    from pipeline.jobs.domain.job import JobStatus, job_id_of
    from pipeline.jobs.services.cancel_job import CancelJob

    def lie(self: Any, given_id: str, tenant_id: str) -> Any:
        found = self.store.get(job_id_of(given_id), tenant_id)
        return dataclasses.replace(found, status=JobStatus.CANCELLED)

    _patch(CancelJob, "__call__", lie)


def _replace(module: Any, name: str, old: str, new: str) -> None:
    statement: str = getattr(module, name)
    assert old in statement, f"the mutant no longer fits {name}"  # noqa: S101 - or it would break nothing
    setattr(module, name, statement.replace(old, new))


def _patch(owner: Any, name: str, value: Any) -> None:
    assert hasattr(owner, name), f"the mutant no longer fits {owner.__name__}"  # noqa: S101
    setattr(owner, name, value)
