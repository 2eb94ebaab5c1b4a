"""Check the dependencies of the API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.platform.observability import log


@dataclass(frozen=True, slots=True)
class CheckHealth:
    """The use case behind ``GET /health``: every dependency of the API is asked to answer."""

    stage: str
    checks: Mapping[str, Callable[[], object]]

    def run(self) -> dict[str, str]:
        """``ok`` or ``down`` by name of the dependency."""
        return {name: self._state(name, check) for name, check in self.checks.items()}

    def _state(self, name: str, check: Callable[[], object]) -> str:
        try:
            check()
        except Exception as fault:  # noqa: BLE001 - a check that fails in whatever way has failed
            log.error("dependency down", fault, dependency=name)
            return "down"
        return "ok"
