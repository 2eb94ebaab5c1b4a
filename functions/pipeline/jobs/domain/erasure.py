"""Erasures: the jobs that an operator selects, and the objects that an erased job may still have."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ErasureSelection:
    """Jobs by id, or those of a tenant, of a time, or of both; ``None`` leaves a condition out."""

    job_ids: tuple[UUID, ...] | None = None
    tenant_id: str | None = None
    ended_from: datetime | None = None
    """Ended at this time or later; ``ended_before`` is the first time that is too late."""
    ended_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class ErasureRequest:
    """An operator's request to erase jobs, as the audit keeps it."""

    requested_by: str
    reason: str
    request_id: str


class DueObjects(NamedTuple):
    """An erased job whose objects in S3 are due for deletion."""

    job_id: UUID
    last: bool
    """No worker can store another result of the job."""
