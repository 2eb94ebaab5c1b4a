"""Erase the jobs that an operator selects, one batch for each command."""

from dataclasses import dataclass
from uuid import UUID

from pipeline.jobs.domain.erasure import ErasureRequest, ErasureSelection
from pipeline.jobs.ports import ErasureStore
from pipeline.platform.observability import log
from pipeline.platform.policy import ErasurePolicy


@dataclass(frozen=True, slots=True)
class ErasedBatch:
    """The outcome of one batch, and what is left of the selection."""

    erased: int
    """Jobs of this batch that are erased now."""
    remaining: int
    """Jobs that have ended and are not erased."""
    not_ended: int
    """Queued and running jobs: they can be erased once they have ended."""


@dataclass(frozen=True, slots=True)
class EraseJobs:
    """The use case behind ``erase.sh``. Repeating a command continues where it stopped."""

    erasures: ErasureStore
    policy: ErasurePolicy

    def run(self, selection: ErasureSelection, request: ErasureRequest | None) -> ErasedBatch:
        """Erase the next jobs of the selection; without a request, only count."""
        erased = self._erase(selection, request) if request else []
        for job_id in erased:
            log.info("erased", job_id=job_id)  # a line for each: after a restore, the log is the list to repeat
        remaining, not_ended = self.erasures.count(selection)
        return ErasedBatch(len(erased), remaining, not_ended)

    def _erase(self, selection: ErasureSelection, request: ErasureRequest) -> list[UUID]:
        found = self.erasures.find(selection, self.policy.jobs_per_command)
        return self.erasures.erase(found, selection, request) if found else []
