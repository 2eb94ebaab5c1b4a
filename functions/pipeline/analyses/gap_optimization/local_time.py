"""Times as callers write them, and the instants they mean.

An instant is always UTC here: Python subtracts two datetimes of one zone by their wall clocks, and across
a clock change that is an hour off.
"""

from datetime import UTC, date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field


def instant(value: datetime, zone: ZoneInfo) -> datetime:
    """Return ``value`` in UTC; without an offset it is the time on a wall in ``zone``.

    Raises ``ValueError`` for a wall time that the zone skips, or has twice.
    """
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    first, second = (value.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first > second:
        raise ValueError(f"{value.isoformat()} does not exist in {zone.key}: the clocks skip it")
    if first < second:
        raise ValueError(f"{value.isoformat()} happens twice in {zone.key}: add the UTC offset that is meant")
    return first


def _known_zone(key: str) -> str:
    try:
        ZoneInfo(key)
    except (KeyError, ValueError, OSError) as exc:  # OSError: a folder, such as America
        raise ValueError("is not a known IANA time zone") from exc
    return key


def _written_date(value: object) -> object:
    """Refuse the numbers, and the numbers in strings, that pydantic takes for seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and "-" in value[1:]):
        return value
    raise ValueError("must be written as in ISO 8601, such as 2026-03-09")


def _written_time(value: object) -> object:
    """Refuse a date alone as well: it is never meant as midnight."""
    if isinstance(value, datetime) or (isinstance(value, str) and "-" in value[1:] and ":" in value):
        return value
    raise ValueError("must be written as in ISO 8601, such as 2026-03-09T14:30:00-04:00")


def _this_century(value: datetime) -> datetime:
    if not 2000 <= value.year < 2099:
        raise ValueError("must lie in the years 2000 to 2098")
    return value


WrittenDate = Annotated[date, BeforeValidator(_written_date)]
"""A calendar day."""
WrittenTime = Annotated[datetime, BeforeValidator(_written_time), AfterValidator(_this_century)]
"""A time with or without a UTC offset (see ``instant``), in years whose conversion cannot overflow."""
ZoneName = Annotated[
    str,
    Field(max_length=64, pattern="^(UTC|[A-Z][A-Za-z]+(/[A-Za-z0-9_+-]+){1,2})$"),
    AfterValidator(_known_zone),
]
"""An IANA name. The pattern excludes ``right/...`` (leap seconds) and ``localtime`` (the machine's own)."""
