"""What the harness waits for: room for more jobs, the end of all jobs, an empty queue."""

import asyncio
import contextlib
import time

from chaos_harness.output import say
from chaos_harness.stack import Stack, StackFailed

BACKLOG = 24
"""Jobs that wait or run before clients hold back: two a worker. The faults are then spread over the whole run, and how
long a dead worker's job waits is not a matter of the queue in front of it."""

LOOK_EVERY_S = 0.3
QUEUE_EMPTY_WITHIN_S = 15.0
TELL_EVERY_S = 15.0
OPEN_JOBS = "SELECT count(*) FROM jobs WHERE status IN ('queued', 'running')"
DUE_JOBS = f"{OPEN_JOBS} AND coalesce(due_at, now()) <= now()"
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Backlog:
    """How many jobs wait for a worker or have one. ``keep_counting`` runs beside everything else."""

    def __init__(self, stack: Stack, jobs: int, spread_over: float) -> None:
        self._stack = stack
        self._jobs = jobs
        self._spread_over = spread_over
        self._began = time.monotonic()
        self._admitted = 0
        self._due = 0

    async def admitted(self) -> None:
        """Wait until one more job may come."""
        self._admitted += 1
        at = self._began + self._spread_over * self._admitted / self._jobs
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        while self._due >= BACKLOG:
            await asyncio.sleep(LOOK_EVERY_S / 3)
        self._due += 1  # until it is counted

    async def keep_counting(self) -> None:
        """And tell how far the run is."""
        told = time.monotonic()
        while True:
            with contextlib.suppress(Exception):  # the database is down: that is what we are here for
                self._due = (await asyncio.to_thread(self._stack.rows, DUE_JOBS))[0][0]
            if time.monotonic() - told > TELL_EVERY_S:
                told = time.monotonic()
                say(f"{self._admitted} of {self._jobs} submitted, {self._due} wait or run")
            await asyncio.sleep(LOOK_EVERY_S)


async def until_all_have_ended(stack: Stack, within: float) -> None:
    """Or the time is up: the judge will say whose end is missing. Raises StackFailed."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if stack.has_ended():
            raise StackFailed("the stack has ended by itself")
        with contextlib.suppress(Exception):  # the database may still recover
            if (await asyncio.to_thread(stack.rows, OPEN_JOBS)) == [[0]]:
                return
        await asyncio.sleep(LOOK_EVERY_S)
    say("not all jobs have ended in time")


async def until_the_queue_is_empty(stack: Stack) -> None:
    """Duplicates and messages of jobs that were done meanwhile; or the time is up."""
    sqs = stack.client("sqs")
    urls = [url for url in sqs.list_queues().get("QueueUrls", []) if "DeadLetter" not in url]

    def left() -> int:
        found = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS))["Attributes"] for url in urls]
        return sum(int(attributes[name]) for attributes in found for name in COUNTS)

    end = time.monotonic() + QUEUE_EMPTY_WITHIN_S
    while await asyncio.to_thread(left) and time.monotonic() < end:
        await asyncio.sleep(LOOK_EVERY_S)
