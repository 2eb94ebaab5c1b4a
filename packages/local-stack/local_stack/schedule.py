"""EventBridge Scheduler's rate(...), and the loop that invokes a function at that rate."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local_stack import output
from local_stack.errors import UsageError
from local_stack.runtime.invocation import InvocationResult

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")


@dataclass(frozen=True)
class Rate:
    """A fixed interval between invocations."""

    every: timedelta

    def next_after(self, moment: datetime) -> datetime:
        return moment + self.every


def parse(expression: str) -> Rate:
    """The rate that an expression names. Raises UsageError for anything else, cron(...) included."""
    if (rate := _RATE.fullmatch(expression)) and (count := int(rate.group(1))):
        return Rate(timedelta(**{f"{rate.group(2)}s": count}))
    raise UsageError(
        f"the local stack does not support the schedule expression {expression!r}: "
        "use rate(N minutes), rate(N hours) or rate(N days), with N of at least 1"
    )


async def keep_invoking(
    name: str, rate: Rate, event: Any, invoke: Callable[[bytes], Awaitable[InvocationResult]]
) -> None:
    """Invoke at the rate until cancelled. A late or failed invocation is not repeated."""
    due = rate.next_after(datetime.now(UTC))
    while True:
        await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
        result = await invoke(json.dumps(event).encode())
        if result.function_error:
            output.write_line(f"schedule {name}: {result.payload.decode(errors='replace')[:1000]}")
        due = rate.next_after(max(due, datetime.now(UTC) - timedelta(seconds=1)))
