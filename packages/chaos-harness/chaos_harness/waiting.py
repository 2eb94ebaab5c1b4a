"""Waits: for a shorter backlog, the end of all jobs, an empty queue."""

import asyncio
import contextlib
import time

from chaos_harness.output import progress
from chaos_harness.stack import Stack, StackFailed

BACKLOG = 24
"""Waiting and running jobs at which clients pause: two a worker. This spreads the faults over the whole run, and keeps
the queue short in front of a job whose worker has died."""

LOOK_EVERY_S = 0.3
QUEUE_EMPTY_WITHIN_S = 15.0
REPORT_EVERY_S = 15.0
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Backlog:
    """The number of jobs that wait for a worker or have one. ``keep_counting`` runs in the background."""

    def __init__(self, stack: Stack, due_jobs: str, jobs: int, spread_over: float) -> None:
        self._stack = stack
        self._due_jobs = due_jobs
        self._jobs = jobs
        self._spread_over = spread_over
        self._began = time.monotonic()
        self._admitted = 0
        self._due = 0

    async def admitted(self) -> None:
        """Wait until one more job may be submitted."""
        self._admitted += 1
        at = self._began + self._spread_over * self._admitted / self._jobs
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        while self._due >= BACKLOG:
            await asyncio.sleep(LOOK_EVERY_S / 3)
        self._due += 1  # until it is counted

    async def keep_counting(self) -> None:
        """Count the jobs, and report the progress of the run."""
        reported = time.monotonic()
        while True:
            with contextlib.suppress(Exception):  # a fault stops the database
                self._due = (await asyncio.to_thread(self._stack.rows, self._due_jobs))[0][0]
            if time.monotonic() - reported > REPORT_EVERY_S:
                reported = time.monotonic()
                progress(f"{self._admitted} of {self._jobs} submitted, {self._due} waiting or running")
            await asyncio.sleep(LOOK_EVERY_S)


async def until_all_have_ended(stack: Stack, open_jobs: str, within: float) -> None:
    """Wait for the end of all jobs, at most so many seconds. Raises StackFailed."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if stack.has_ended():
            raise StackFailed("the stack ended during the run")
        with contextlib.suppress(Exception):  # the database may still recover
            if (await asyncio.to_thread(stack.rows, open_jobs)) == [[0]]:
                return
        await asyncio.sleep(LOOK_EVERY_S)
    progress("not all jobs ended in time")


async def until_the_queue_is_empty(stack: Stack) -> None:
    """Wait until all messages are consumed, also duplicates and those of ended jobs, for a limited time."""
    sqs = stack.client("sqs")
    urls = [url for url in sqs.list_queues().get("QueueUrls", []) if "DeadLetter" not in url]

    def remaining() -> int:
        found = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS))["Attributes"] for url in urls]
        return sum(int(attributes[name]) for attributes in found for name in COUNTS)

    end = time.monotonic() + QUEUE_EMPTY_WITHIN_S
    while await asyncio.to_thread(remaining) and time.monotonic() < end:
        await asyncio.sleep(LOOK_EVERY_S)
