"""Check the dependencies of the API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.platform.observability import log


@dataclass(frozen=True, slots=True)
class CheckHealth:
    """The use case behind ``GET /health``: checks every dependency of the API."""

    stage: str
    checks: Mapping[str, Callable[[], object]]

    def run(self) -> dict[str, str]:
        """``ok`` or ``down``, by dependency."""
        return {name: self._state(name, check) for name, check in self.checks.items()}

    def _state(self, name: str, check: Callable[[], object]) -> str:
        try:
            check()
        except Exception as exc:  # noqa: BLE001 - any error is a failed check
            log.error("dependency down", exc, dependency=name)
            return "down"
        return "ok"
