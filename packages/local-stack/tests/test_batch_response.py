"""ReportBatchItemFailures, as AWS documents it."""

import itertools
import json

import pytest
from local_stack.batch_response import failed_ids
from local_stack.runtime.invocation import InvocationResult

IDS = ["m1", "m2", "m3"]
ALL = set(IDS)


def failed(payload: object, *, reports: bool = True) -> set[str]:
    return failed_ids(InvocationResult(json.dumps(payload).encode()), IDS, reports_items=reports)


@pytest.mark.parametrize("payload", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, {"other": 1}])
def test_empty_means_that_all_succeeded(payload: object) -> None:
    assert failed(payload) == set()


@pytest.mark.parametrize(
    "payload",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemIdentifier": "unknown"}]},
        {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "unknown"}]},
        {"batchItemFailures": [{"itemIdentifier": 1}]},
        {"batchItemFailures": [{"ItemIdentifier": "m1"}]},
        {"batchItemFailures": [{}]},
        {"batchItemFailures": ["m1"]},
        {"batchItemFailures": "m1"},
        {"batchItemFailures": {"itemIdentifier": "m1"}},
        "text",
        ["m1"],
        1,
    ],
)
def test_what_cannot_be_understood_fails_the_whole_batch(payload: object) -> None:
    assert failed(payload) == ALL


def test_exactly_the_named_ones_fail() -> None:
    for count in range(1, len(IDS) + 1):
        for named in itertools.permutations(IDS, count):
            assert failed({"batchItemFailures": [{"itemIdentifier": name} for name in named]}) == set(named)


def test_a_name_may_come_twice() -> None:
    assert failed({"batchItemFailures": [{"itemIdentifier": "m2"}, {"itemIdentifier": "m2"}]}) == {"m2"}


def test_a_failed_function_fails_the_whole_batch() -> None:
    assert (
        failed_ids(InvocationResult(b'{"batchItemFailures": []}', function_error=True), IDS, reports_items=True) == ALL
    )


def test_without_the_setting_the_answer_does_not_matter() -> None:
    assert failed({"batchItemFailures": [{"itemIdentifier": "m1"}]}, reports=False) == set()
    assert failed("text", reports=False) == set()


def test_no_json_fails_the_whole_batch() -> None:
    assert failed_ids(InvocationResult(b"<html>"), IDS, reports_items=True) == ALL
