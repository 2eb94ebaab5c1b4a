"""A caller's jobs, newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pipeline.jobs.domain.job import JobStatus, JobView

DEFAULT_PAGE = 20
MAX_PAGE = 100
"""Jobs on a page: about 60 kB of JSON."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last job of a page. The next page continues after it, whatever was accepted in between."""

    created_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class JobFilter:
    """The jobs to list, and how many of them."""

    status: JobStatus | None = None
    analysis: str | None = None
    created_from: datetime | None = None
    """The earliest time of acceptance; ``created_before`` is the first that is too late."""
    created_before: datetime | None = None
    limit: int = DEFAULT_PAGE
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Jobs without their results, and where the next page begins; ``None``: this is the last."""

    jobs: list[JobView]
    next: Cursor | None
