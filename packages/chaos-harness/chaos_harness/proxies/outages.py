"""Model calls that fail together: an outage holds them until enough are in flight, and then refuses all at once."""

import asyncio
import time
from dataclasses import dataclass, field

from chaos_harness.history import Outage

ENOUGH_CALLS = 11
"""Failures in succession that open a model's circuit, and one that was in flight then and is no news any more."""

IN_BATCH, MOST_BATCHES = 8, 5
"""Calls that fail together. The first batch brings a model close to the failures that open its circuit; a run with few
jobs needs more batches."""

GATHER_WITHIN_S = 3.0
SETTLED_AFTER_S = 0.5
"""Time until the answers of calls that began before the outage have arrived: they would count as recoveries."""


@dataclass
class Outages:
    """Holds and refuses model calls, and records what it refused."""

    all: list[Outage] = field(default_factory=list)
    _held: list[asyncio.Future[None]] | None = None
    """``None``: no outage."""

    async def refuses(self) -> bool:
        """Whether a call is refused: after a wait for the others of its batch."""
        if self._held is None:
            return False
        waits: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held.append(waits)
        await waits
        return True

    async def strike(self) -> int:
        """Let batches of calls fail together, and return the number of calls that failed."""
        if self._held is not None:
            return 0
        self._held = []
        began_at, refused = time.time(), 0
        try:
            await asyncio.sleep(SETTLED_AFTER_S)
            for _ in range(MOST_BATCHES):
                refused += await self._batch()
                if refused >= ENOUGH_CALLS:
                    break
        finally:
            refused += self._release()
            self._held = None
            self.all.append(Outage(began_at=began_at, ended_at=time.time(), refused=refused))
        return refused

    async def _batch(self) -> int:
        end = time.monotonic() + GATHER_WITHIN_S
        while len(self._held or ()) < IN_BATCH and time.monotonic() < end:
            await asyncio.sleep(0.02)
        return self._release()

    def _release(self) -> int:
        held = self._held or []
        self._held = []
        for waits in held:
            if not waits.done():  # its worker may have been killed
                waits.set_result(None)
        return len(held)
