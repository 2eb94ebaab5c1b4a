"""EventBridge Scheduler's expressions."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from local_stack.errors import UsageError
from local_stack.runtime.invocation import Outcome
from local_stack.schedule import Rate, keep_invoking, parse

NOW = datetime(2026, 2, 27, 10, 30, 20, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("expression", "zone", "due"),
    [
        ("rate(1 minute)", "UTC", "2026-02-27T10:31:20+00:00"),
        ("rate(5 minutes)", "UTC", "2026-02-27T10:35:20+00:00"),
        ("rate(12 hours)", "UTC", "2026-02-27T22:30:20+00:00"),
        ("rate(1 day)", "UTC", "2026-02-28T10:30:20+00:00"),
        ("cron(* * * * ? *)", "UTC", "2026-02-27T10:31:00+00:00"),
        ("cron(0/15 * * * ? *)", "UTC", "2026-02-27T10:45:00+00:00"),
        ("cron(0 9 * * ? *)", "UTC", "2026-02-28T09:00:00+00:00"),
        ("cron(0 9 * * ? *)", "Europe/Berlin", "2026-02-28T08:00:00+00:00"),
        ("cron(15 10 ? * MON-FRI *)", "UTC", "2026-03-02T10:15:00+00:00"),
        ("cron(0 0 1,15 JUN ? 2027)", "UTC", "2027-06-01T00:00:00+00:00"),
        ("cron(0 0 29 2 ? *)", "UTC", "2028-02-29T00:00:00+00:00"),
    ],
)
def test_when_it_is_due(expression: str, zone: str, due: str) -> None:
    found = parse(expression, zone).next_after(NOW)
    assert found is not None
    assert found.isoformat() == due


def test_what_is_never_due() -> None:
    assert parse("cron(0 0 30 2 ? *)").next_after(NOW) is None


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "rate(0 minutes)",
        "rate(1 week)",
        "cron(* * * * * *)",
        "cron(* * * *)",
        "cron(61 * * * ? *)",
        "cron(0 0 L * ? *)",
    ],
)
def test_what_is_not_understood_is_refused(expression: str) -> None:
    with pytest.raises(UsageError):
        parse(expression)


def test_an_unknown_time_zone() -> None:
    with pytest.raises(UsageError, match="Atlantis"):
        parse("cron(0 0 * * ? *)", "Atlantis")


def test_a_schedule_keeps_invoking_after_a_failure() -> None:
    events: list[bytes] = []

    async def main() -> None:
        enough = asyncio.Event()

        async def invoke(event: bytes) -> Outcome:
            events.append(event)
            if len(events) == 3:
                enough.set()
            return Outcome(b"{}", function_error=True)

        often = Rate(timedelta(milliseconds=5))
        task = asyncio.create_task(keep_invoking("Nightly", often, {"a": 1}, invoke))
        async with asyncio.timeout(5):
            await enough.wait()
        task.cancel()

    asyncio.run(main())
    assert events[:3] == [b'{"a": 1}'] * 3
