"""The query of ``GET /jobs``: the notation of times, the bounds, and cursors that survive the way through a client."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pipeline.jobs.domain.job import JobStatus
from pipeline.jobs.domain.listing import Cursor, JobFilter
from pipeline.jobs.handlers.listing import ListQuery, read_cursor, write_cursor
from pipeline.platform.errors import InvalidRequest

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def query(**given: str) -> JobFilter:
    return ListQuery.of({"queryStringParameters": given}).filter_()


def refused(**given: str) -> str:
    with pytest.raises(InvalidRequest) as invalid:
        query(**given)
    return invalid.value.errors[0]["pointer"]


def test_a_query_without_conditions_is_the_first_page_of_all_jobs() -> None:
    events: list[dict[str, Any]] = [{}, {"queryStringParameters": None}, {"queryStringParameters": {}}]
    for event in events:
        assert ListQuery.of(event).filter_() == JobFilter(limit=20)


def test_every_condition_reaches_the_filter() -> None:
    cursor = Cursor(NOON, UUID(int=7))
    found = query(
        status="failed",
        analysis="summary",
        created_from="2026-11-28T12:00:00Z",
        created_before="2026-11-28T14:30:00.5+02:00",
        limit="100",
        cursor=write_cursor(cursor),
    )
    before = NOON + timedelta(minutes=30, milliseconds=500)
    assert found == JobFilter(JobStatus.FAILED, "summary", NOON, before, 100, cursor)
    assert found.created_before is not None
    assert found.created_before.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["2026-11-28t12:00z", "2026-11-28 12:00:00Z", "2026-11-28T13:00+01:00"])
def test_a_time_is_read_in_every_notation_of_rfc_3339(text: str) -> None:
    assert query(created_from=text).created_from == NOON


@pytest.mark.parametrize(
    "text",
    ["5", "2026-11-28", "2026-11-28T12:00:00", "noon", "", "2026-13-01T00:00Z", "0001-01-01T00:00+23:59"],
)
def test_another_text_is_no_time(text: str) -> None:
    assert refused(created_from=text) == "/query/created_from"
    assert refused(created_before=text) == "/query/created_before"


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", "0"), ("limit", "101"), ("limit", "x"), ("status", "done"), ("analysis", ""), ("analysis", "x" * 101)],
)
def test_a_value_out_of_its_bounds_is_refused(name: str, value: str) -> None:
    assert refused(**{name: value}) == f"/query/{name}"


def test_values_at_their_bounds_are_accepted() -> None:
    assert (query(limit="1").limit, query(limit="100").limit) == (1, 100)
    assert query(analysis="x" * 100).analysis == "x" * 100


@pytest.mark.parametrize("microsecond", range(8))
def test_a_cursor_is_text_for_a_url_that_reads_back(microsecond: int) -> None:
    cursor = Cursor(NOON.replace(microsecond=microsecond), UUID(int=2**128 - 1 - microsecond))
    text = write_cursor(cursor)
    assert set(text).isdisjoint("=+/ &%#")
    assert read_cursor(text) == cursor


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "%",
        "a" * 201,
        "!" + encoded([NOON.isoformat(), str(UUID(int=7))]),
        encoded(1),
        encoded([]),
        encoded([1, 2]),
        encoded(["2026-11-28T12:00:00", str(UUID(int=7))]),  # without an offset
        encoded([NOON.isoformat(), "no id"]),
        encoded([NOON.isoformat(), 7]),
        encoded(["0001-01-01T00:00:00+23:59", str(UUID(int=7))]),
    ],
)
def test_another_text_is_no_cursor(text: str) -> None:
    assert refused(cursor=text) == "/query/cursor"
