"""EventBridge Scheduler's rate expressions."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from local_stack.errors import UsageError
from local_stack.runtime.invocation import InvocationResult
from local_stack.schedule import Rate, keep_invoking, parse

NOW = datetime(2026, 2, 27, 10, 30, 20, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("rate(1 minute)", "2026-02-27T10:31:20+00:00"),
        ("rate(5 minutes)", "2026-02-27T10:35:20+00:00"),
        ("rate(12 hours)", "2026-02-27T22:30:20+00:00"),
        ("rate(1 day)", "2026-02-28T10:30:20+00:00"),
    ],
)
def test_a_rate_is_due_after_its_interval(expression: str, due: str) -> None:
    assert parse(expression).next_after(NOW).isoformat() == due


@pytest.mark.parametrize("expression", ["", "rate(0 minutes)", "rate(1 week)", "cron(0 9 * * ? *)"])
def test_any_other_expression_is_refused_with_the_supported_ones(expression: str) -> None:
    with pytest.raises(UsageError, match=r"use rate\(N minutes\)"):
        parse(expression)


def test_a_schedule_keeps_invoking_after_a_failure() -> None:
    events: list[bytes] = []

    async def main() -> None:
        enough = asyncio.Event()

        async def invoke(event: bytes) -> InvocationResult:
            events.append(event)
            if len(events) == 3:
                enough.set()
            return InvocationResult(b"{}", function_error=True)

        often = Rate(timedelta(milliseconds=5))
        task = asyncio.create_task(keep_invoking("Nightly", often, {"a": 1}, invoke))
        async with asyncio.timeout(5):
            await enough.wait()
        task.cancel()

    asyncio.run(main())
    assert events[:3] == [b'{"a": 1}'] * 3
