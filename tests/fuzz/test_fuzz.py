"""Thousands of requests that nobody thought of, good and bad, on the running pipeline: other ones each time.

It takes minutes, so it is not among the tests that run by themselves: ``./scripts/test.sh tests/fuzz``. A small run,
with the same requests each time, is among them: ``tests/e2e/test_description.py``.
"""

from pathlib import Path

import pytest
from local_stack.issuer import Issuer

from tests.e2e.conftest import Pipeline
from tests.support.fuzzing import fuzz

LEAST_CASES = 2_000


@pytest.mark.timeout(1_800)
def test_no_request_shows_a_fault(by_token: Pipeline, issuer: Issuer, tmp_path: Path) -> None:
    found = fuzz(by_token, issuer.token("fuzzer"), tmp_path, examples=400)
    assert found.found_nothing, found.said
    assert found.cases >= LEAST_CASES, found.said
