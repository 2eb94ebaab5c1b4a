"""Check the dependencies of the API."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.platform.observability import log


@dataclass(slots=True)
class CheckHealth:
    """The use case behind ``GET /health``: checks every dependency of the API.

    A caller needs no credentials, so the states are kept for ``kept_s`` seconds: many requests are few checks.
    """

    stage: str
    checks: Mapping[str, Callable[[], object]]
    kept_s: float
    now: Callable[[], float] = time.monotonic
    _states: dict[str, str] = field(default_factory=dict, init=False)
    _checked_at: float = field(default=float("-inf"), init=False)

    def run(self) -> dict[str, str]:
        """``ok`` or ``down``, by dependency."""
        if self.now() - self._checked_at >= self.kept_s:
            self._states = {name: self._state(name, check) for name, check in self.checks.items()}
            self._checked_at = self.now()
        return dict(self._states)

    def _state(self, name: str, check: Callable[[], object]) -> str:
        try:
            check()
        except Exception as exc:  # noqa: BLE001 - any error is a failed check
            log.error("dependency down", exc, dependency=name)
            return "down"
        return "ok"
