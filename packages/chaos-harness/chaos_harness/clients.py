"""The callers: submit, send again, cancel and watch, over real HTTP, and write down what they were told."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable

import aiohttp

from chaos_harness.history import FINAL, Cancellation, Submission, View
from chaos_harness.stack import StackFailed

AT_ONCE = 6
"""Clients that submit at the same time."""

WITH_KEY, TWIN, AGAIN, CANCELLED, WATCHED, WATCHED_TWICE = 0.6, 0.3, 0.1, 0.05, 0.3, 0.05
"""Shares: of requests with an Idempotency-Key; of those, sent twice at the same moment, and once more after the 202; of
jobs, cancelled, and watched by one client or two."""

ANSWER_WITHIN_S = 35.0
"""More than API Gateway's own 30 s."""

TRY_AGAIN_AFTER_S = 0.3
ACCEPTED_WITHIN_S = 90.0
"""No fault lasts so long: the functions themselves do not start."""

POLL_EVERY_S = 0.4

TEXT = (
    "Report {number}. The pump in hall 4 failed at night. It was replaced. Nobody was hurt. Production resumed at six."
)


class Clients:
    """All callers of a run."""

    def __init__(self, url: str, seed: int, jobs: int, admitted: Callable[[], Awaitable[None]]) -> None:
        self._url = url
        self._seed = seed
        self._jobs = jobs
        self._admitted = admitted  # waits while there is too much of a backlog
        self._session: aiohttp.ClientSession | None = None
        self._numbers = iter(range(jobs))
        self._watchers: set[asyncio.Task[None]] = set()
        self.submissions: list[Submission] = []
        self.views: list[View] = []
        self.cancellations: list[Cancellation] = []
        self.accepted = 0

    async def run(self) -> None:
        """Until every document is accepted."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        )
        async with asyncio.TaskGroup() as submitting:
            for _ in range(AT_ONCE):
                submitting.create_task(self._keep_submitting())

    async def close(self) -> None:
        """The watchers of jobs that never ended too."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def watched(self) -> None:
        """Until every watcher has seen the end of its job."""
        await asyncio.gather(*self._watchers)

    async def _keep_submitting(self) -> None:
        for number in self._numbers:
            await self._admitted()
            job_id = await self._submit(number)
            self.accepted += 1
            self._follow(number, job_id)

    async def _submit(self, number: int) -> str:
        """Until there is a 202, as a client would that wants the document analysed."""
        rng = self._rng("submit", number)
        key = f"document-{number}" if rng.random() < WITH_KEY else None
        twin = key is not None and rng.random() < TWIN
        again = key is not None and rng.random() < AGAIN
        end = time.monotonic() + ACCEPTED_WITHIN_S
        while time.monotonic() < end:
            answers = await asyncio.gather(*(self._post(number, key) for _ in range(2 if twin else 1)))
            accepted = [answer.job_id for answer in answers if answer.job_id]
            if accepted:
                if again:
                    await self._post(number, key)
                return accepted[0]
            await asyncio.sleep(TRY_AGAIN_AFTER_S)
        raise StackFailed(f"document {number} was not accepted within {ACCEPTED_WITHIN_S:.0f} s: see the log")

    async def _post(self, number: int, key: str | None) -> Submission:
        body = {
            "analysis": "summary",
            "input": {"text": TEXT.format(number=number)},
            "metadata": {"number": number},
        }
        sent_at = time.time()
        status, answer = await self._request("POST", "/analyze", body, {"idempotency-key": key} if key else {})
        job_id = str(answer["id"]) if status == 202 else None
        made = Submission(
            number=number, key=key, sent_at=sent_at, answered_at=time.time(), status=status, job_id=job_id
        )
        self.submissions.append(made)
        return made

    def _follow(self, number: int, job_id: str) -> None:
        rng = self._rng("follow", number)
        if rng.random() < CANCELLED:
            self._in_background(self._cancel(job_id, rng.uniform(0, 1.5)))
        watchers = 2 if (drawn := rng.random()) < WATCHED_TWICE else int(drawn < WATCHED)
        for _ in range(watchers):
            self._in_background(self._watch(job_id))

    async def _cancel(self, job_id: str, after: float) -> None:
        await asyncio.sleep(after)
        status, _ = await self._request("POST", f"/jobs/{job_id}/cancel")
        self.cancellations.append(Cancellation(job_id=job_id, status=status))

    async def _watch(self, job_id: str) -> None:
        view = View(job_id=job_id, states=[])
        self.views.append(view)
        while not view.states or view.states[-1] not in FINAL:
            await asyncio.sleep(POLL_EVERY_S)
            status, answer = await self._request("GET", f"/status/{job_id}")
            state = answer["status"] if status == 200 else "not found" if status == 404 else None
            if state and (not view.states or view.states[-1] != state):
                view.states.append(state)
            if state == "not found":
                return

    async def _request(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str]]:
        assert self._session is not None  # noqa: S101 - nobody asks before ``run``
        try:
            async with self._session.request(method, f"{self._url}{path}", json=body, headers=headers) as answer:
                return answer.status, json.loads(await answer.text())
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return 0, {}

    def _in_background(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._watchers.add(task)
        task.add_done_callback(self._watchers.discard)

    def _rng(self, purpose: str, number: int) -> random.Random:
        return random.Random(f"{self._seed}/{purpose}/{number}")  # noqa: S311 - a plan must be the same each time
