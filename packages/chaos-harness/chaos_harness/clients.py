"""The clients of a run: tenants that submit, repeat, cancel and poll over HTTP."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from chaos_harness.api import Api
from chaos_harness.history import FINAL, Submission, View
from chaos_harness.stack import StackFailed

CONCURRENT_CLIENTS = 6
"""Clients that submit at the same time."""

WITH_KEY, TWIN, REPEATED, CANCELLED, WATCHED, WATCHED_TWICE = 0.6, 0.3, 0.1, 0.05, 0.3, 0.05
"""Shares. Of requests: with an Idempotency-Key. Of those: sent twice at the same moment, and repeated after the 202. Of
jobs: cancelled, watched by one client, watched by two."""

RETRY_AFTER_S = 0.3
ACCEPTED_WITHIN_S = 90.0
"""No injected fault lasts that long. After this time the functions cannot have started."""

POLL_EVERY_S = 0.4

BYSTANDER_EVERY = 10
"""One of so many documents belongs to the tenant ``bystander``, the others to ``busy``."""


def tenant_of(number: int) -> str:
    """The tenant that submits a document."""
    return "busy" if (number + 1) % BYSTANDER_EVERY else "bystander"


class Clients:
    """All clients of a run."""

    def __init__(
        self,
        api: Api,
        seed: int,
        jobs: int,
        request_body: Callable[[int], dict[str, Any]],
        admitted: Callable[[], Awaitable[None]],
    ) -> None:
        self._api = api
        self._seed = seed
        self._jobs = jobs
        self._request_body = request_body
        self._admitted = admitted  # waits while the backlog is too long
        self._numbers = iter(range(jobs))
        self._watchers: set[asyncio.Task[None]] = set()
        self.views: list[View] = []
        self.accepted = 0

    async def run(self) -> None:
        """Submit every document, and return when all are accepted."""
        async with asyncio.TaskGroup() as submitting:
            for _ in range(CONCURRENT_CLIENTS):
                submitting.create_task(self._keep_submitting())

    async def close(self) -> None:
        """Stop the clients, also those that still watch a job."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)

    async def watched(self) -> None:
        """Wait until every watcher has seen the final status of its job."""
        await asyncio.gather(*self._watchers)

    async def _keep_submitting(self) -> None:
        for number in self._numbers:
            await self._admitted()
            job_id = await self._submit(number)
            self.accepted += 1
            self._follow(number, job_id)

    async def _submit(self, number: int) -> str:
        """Submit a document, and repeat the request until it is accepted. Raises StackFailed."""
        rng = self._rng("submit", number)
        key = f"document-{number}" if rng.random() < WITH_KEY else None
        twin = key is not None and rng.random() < TWIN
        repeated = key is not None and rng.random() < REPEATED
        end = time.monotonic() + ACCEPTED_WITHIN_S
        while time.monotonic() < end:
            answers = await asyncio.gather(*(self._post(number, key) for _ in range(2 if twin else 1)))
            accepted = [answer.job_id for answer in answers if answer.job_id]
            if accepted:
                if repeated:
                    await self._post(number, key)
                return accepted[0]
            await asyncio.sleep(RETRY_AFTER_S)
        raise StackFailed(
            f"document {number} was not accepted within {ACCEPTED_WITHIN_S:.0f} s. See the log of the stack"
        )

    async def _post(self, number: int, key: str | None) -> Submission:
        return await self._api.submit(tenant_of(number), number, self._request_body(number), key)

    def _follow(self, number: int, job_id: str) -> None:
        rng = self._rng("follow", number)
        if rng.random() < CANCELLED:
            self._in_background(self._api.cancel(tenant_of(number), job_id, rng.uniform(0, 1.5)))
        watchers = 2 if (drawn := rng.random()) < WATCHED_TWICE else int(drawn < WATCHED)
        for _ in range(watchers):
            self._in_background(self._watch(tenant_of(number), job_id))

    async def _watch(self, tenant: str, job_id: str) -> None:
        view = View(job_id=job_id, states=[])
        self.views.append(view)
        while not view.states or view.states[-1] not in FINAL:
            await asyncio.sleep(POLL_EVERY_S)
            state = await self._api.state(tenant, job_id)
            if state and (not view.states or view.states[-1] != state):
                view.states.append(state)
            if state == "not found":
                return

    def _in_background(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._watchers.add(task)
        task.add_done_callback(self._watchers.discard)

    def _rng(self, purpose: str, number: int) -> random.Random:
        return random.Random(f"{self._seed}/{purpose}/{number}")  # noqa: S311 - a plan must be the same each time
