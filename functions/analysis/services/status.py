"""What a caller may know of a job, and whether the service is well."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from analysis.domain.job import JobView
from analysis.errors import NoSuchJob
from analysis.observability import log
from analysis.services.ports import JobStore, ResultStore


@dataclass(frozen=True, slots=True)
class Status:
    """The use case behind ``GET /status/{id}``."""

    store: JobStore
    results: ResultStore

    def __call__(self, given_id: str, tenant_id: str) -> tuple[JobView, str | None]:
        """The job and, where it has a result, a link to it.

        Raises NoSuchJob for an id that is none, for no job, and for another tenant's, all alike.
        """
        job_id = job_id_of(given_id)
        job = self.store.get(job_id, tenant_id) if job_id else None
        if job is None:
            raise NoSuchJob
        return job, self.results.url(job.result_key) if job.result_key else None


@dataclass(frozen=True, slots=True)
class Health:
    """The use case behind ``GET /health``: every dependency of the API is asked to answer."""

    checks: Mapping[str, Callable[[], object]]

    def __call__(self) -> dict[str, str]:
        """``ok`` or ``down`` by name of the dependency."""
        return {name: self._state(name, check) for name, check in self.checks.items()}

    def _state(self, name: str, check: Callable[[], object]) -> str:
        try:
            check()
        except Exception as fault:  # noqa: BLE001 - a check that fails in whatever way has failed
            log.error("dependency down", fault, dependency=name)
            return "down"
        return "ok"


def job_id_of(text: str) -> UUID | None:
    """The id that a caller gave; ``None`` for what is none."""
    try:
        parsed = UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text.lower() else None  # UUID() also takes braces, urn: and no hyphens
