"""Erasures in PostgreSQL. A trigger of the schema removes the content: the statements only set ``erased_at``."""

from pathlib import Path
from uuid import UUID, uuid4

from pipeline.jobs.domain.erasure import DueObjects, ErasureRequest, ErasureSelection
from pipeline.platform.postgres import Postgres
from pipeline.platform.sql import Statements

SQL = Statements(Path(__file__).with_name("erasures.sql"))


class PostgresErasureStore:
    """``jobs.ports.ErasureStore``."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def erase_expired(self, retention_s: int, limit: int) -> list[UUID]:
        rows = self._postgres.run(SQL.erase_expired, retention_s=retention_s, max_rows=limit)
        return [row["id"] for row in rows]

    def delete_expired_records(self, retention_s: int, limit: int) -> None:
        self._postgres.run(SQL.delete_expired_records, retention_s=retention_s, max_rows=limit)

    def objects_due(self, late_s: int, limit: int) -> list[DueObjects]:
        rows = self._postgres.run(SQL.objects_due, late_s=late_s, max_rows=limit)
        return [DueObjects(row["id"], row["last"]) for row in rows]

    def objects_deleted(self, due: DueObjects, late_s: int) -> None:
        self._postgres.run(SQL.objects_deleted, id=str(due.job_id), last=due.last, late_s=late_s)

    def find(self, selection: ErasureSelection, limit: int) -> list[UUID]:
        if selection.job_ids is not None:
            return list(selection.job_ids[:limit])
        rows = self._postgres.run(SQL.find, **_conditions(selection), max_rows=limit)
        return [row["id"] for row in rows]

    def count(self, selection: ErasureSelection) -> tuple[int, int]:
        if selection.job_ids is not None:
            (row,) = self._postgres.run(SQL.count_ids, ids=_texts(selection.job_ids))
        else:
            (row,) = self._postgres.run(SQL.count, **_conditions(selection))
        return row["ended"], row["not_ended"]

    def erase(self, job_ids: list[UUID], selection: ErasureSelection, request: ErasureRequest) -> list[UUID]:
        self._postgres.run(
            SQL.erase,
            id=str(uuid4()),
            ids=_texts(job_ids),
            by_id=selection.job_ids is not None,
            **_conditions(selection),
            requested_by=request.requested_by,
            reason=request.reason,
            request_id=request.request_id,
        )
        return [row["id"] for row in self._postgres.run(SQL.erased, ids=_texts(job_ids))]


def _conditions(selection: ErasureSelection) -> dict[str, object]:
    return {
        "tenant_id": selection.tenant_id,
        "ended_from": selection.ended_from,
        "ended_before": selection.ended_before,
    }


def _texts(ids: "list[UUID] | tuple[UUID, ...]") -> list[str]:
    return [str(one) for one in ids]
