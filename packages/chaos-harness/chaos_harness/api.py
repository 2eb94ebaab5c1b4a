"""The product's API, as the clients of a run call it."""

import asyncio
import json
import time
from typing import Any

import aiohttp

from chaos_harness.history import Cancellation, Submission
from chaos_harness.inside.variables import TENANT_HEADER

ANSWER_WITHIN_S = 35.0
"""Longest wait for a response: more than the 30 s of API Gateway."""


class Api:
    """Calls the API, and records every submission and cancellation."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None
        self.submissions: list[Submission] = []
        self.cancellations: list[Cancellation] = []

    def open(self) -> None:
        """Open the connections. To be called in the event loop."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def submit(self, tenant: str, number: int, body: dict[str, Any], key: str | None = None) -> Submission:
        """Submit a document once."""
        sent_at = time.time()
        status, answer = await self._request("POST", "/analyze", tenant, body, {"idempotency-key": key} if key else {})
        made = Submission(
            number=number,
            key=key,
            sent_at=sent_at,
            answered_at=time.time(),
            status=status,
            job_id=str(answer["id"]) if status == 202 else None,
            tenant=tenant,
        )
        self.submissions.append(made)
        return made

    async def cancel(self, tenant: str, job_id: str, after_s: float = 0.0) -> None:
        """Cancel a job."""
        await asyncio.sleep(after_s)
        status, _ = await self._request("POST", f"/jobs/{job_id}/cancel", tenant)
        self.cancellations.append(Cancellation(job_id=job_id, status=status))

    async def state(self, tenant: str, job_id: str) -> str | None:
        """The status of a job, ``not found``, or ``None`` if there was no answer."""
        status, answer = await self._request("GET", f"/status/{job_id}", tenant)
        return answer["status"] if status == 200 else "not found" if status == 404 else None

    async def _request(
        self, method: str, path: str, tenant: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str]]:
        assert self._session is not None  # noqa: S101 - opened before anything is sent
        headers = {**(headers or {}), TENANT_HEADER: tenant}
        try:
            async with self._session.request(method, f"{self._url}{path}", json=body, headers=headers) as answer:
                return answer.status, json.loads(await answer.text())
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return 0, {}
