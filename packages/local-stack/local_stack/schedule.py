"""EventBridge Scheduler's rate(...) and cron(...), and the loop that invokes by them."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local_stack import output
from local_stack.errors import UsageError
from local_stack.runtime.invocation import Outcome

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((.+)\)")
_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = dict(zip(_MONTH_NAMES, range(1, 13), strict=True))
_DAYS = dict(zip(_DAY_NAMES, range(1, 8), strict=True))
_FAR_AWAY = timedelta(days=5 * 366)  # a cron expression without a match by then has none


class Expression(Protocol):
    def next_after(self, moment: datetime) -> datetime | None: ...


@dataclass(frozen=True)
class Rate:
    every: timedelta

    def next_after(self, moment: datetime) -> datetime:
        return moment + self.every


@dataclass(frozen=True)
class Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 1 is Sunday
    years: frozenset[int]
    zone: ZoneInfo

    def next_after(self, moment: datetime) -> datetime | None:
        local = moment.astimezone(self.zone).replace(second=0, microsecond=0, tzinfo=None)
        candidate = local + timedelta(minutes=1)
        while candidate - local < _FAR_AWAY:
            if not self._on_this_day(candidate):
                candidate = candidate.replace(hour=0, minute=0) + timedelta(days=1)
            elif candidate.hour not in self.hours:
                candidate = candidate.replace(minute=0) + timedelta(hours=1)
            elif candidate.minute not in self.minutes:
                candidate += timedelta(minutes=1)
            else:
                return candidate.replace(tzinfo=self.zone).astimezone(UTC)
        return None

    def _on_this_day(self, day: datetime) -> bool:
        weekday = day.isoweekday() % 7 + 1
        return day.day in self.days and day.month in self.months and weekday in self.weekdays and day.year in self.years


def parse(expression: str, timezone: str = "UTC") -> Expression:
    if rate := _RATE.fullmatch(expression):
        count = int(rate.group(1))
        if count:
            return Rate(timedelta(**{f"{rate.group(2)}s": count}))
    elif cron := _CRON.fullmatch(expression):
        fields = cron.group(1).split()
        if len(fields) == 6 and (fields[2] == "?") != (fields[4] == "?"):
            try:
                return Cron(
                    _values(fields[0], 0, 59),
                    _values(fields[1], 0, 23),
                    _values(fields[2], 1, 31),
                    _values(fields[3], 1, 12, _MONTHS),
                    _values(fields[4], 1, 7, _DAYS),
                    _values(fields[5], 1970, 2199),
                    ZoneInfo(timezone),
                )
            except ZoneInfoNotFoundError as error:
                raise UsageError(f"unknown time zone {timezone}") from error
            except ValueError:
                pass
    raise UsageError(f"the schedule expression {expression!r} is not one the local stack understands")


def _values(field: str, lowest: int, highest: int, names: dict[str, int] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span in ("*", "?"):
            low, high = lowest, highest
        else:
            low = _number(first, names)
            high = _number(last, names) if last else (highest if step else low)
        if not lowest <= low <= high <= highest:
            raise ValueError(field)
        found.update(range(low, high + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, names: dict[str, int] | None) -> int:
    return (names or {}).get(text.upper()) or int(text)


async def keep_invoking(
    name: str, expression: Expression, event: Any, invoke: Callable[[bytes], Awaitable[Outcome]]
) -> None:
    """A late or failed invocation is not made up for."""
    due = expression.next_after(datetime.now(UTC))
    while due is not None:
        await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
        outcome = await invoke(json.dumps(event).encode())
        if outcome.function_error:
            output.say(f"schedule {name}: {outcome.payload.decode(errors='replace')[:1000]}")
        due = expression.next_after(max(due, datetime.now(UTC) - timedelta(seconds=1)))
