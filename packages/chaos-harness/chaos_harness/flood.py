"""A tenant that submits large documents and cancels them at once, to store more than its day allows."""

import asyncio
from collections.abc import Callable
from typing import Any

from chaos_harness.api import Api

TENANT = "flood"

DAILY_BYTES = 1_000_000
"""A tenant's limit in a run: more than the other tenants submit in one of 2,000 documents."""

DOCUMENT_CHARACTERS = 50_000
CONCURRENT, EACH = 5, 8
"""Clients of the tenant, and the documents that each submits: twice as many bytes as the limit."""


async def flood(api: Api, first_number: int, request_body: Callable[[int, int], dict[str, Any]]) -> None:
    """Submit and cancel all documents. Their numbers begin with ``first_number``."""

    async def client(number: int) -> None:
        for document in range(first_number + number * EACH, first_number + (number + 1) * EACH):
            made = await api.submit(TENANT, document, request_body(document, DOCUMENT_CHARACTERS))
            if made.job_id:
                await api.cancel(TENANT, made.job_id)

    await asyncio.gather(*(client(number) for number in range(CONCURRENT)))
