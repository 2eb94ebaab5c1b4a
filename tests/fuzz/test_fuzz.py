"""Thousands of generated valid and invalid requests to the running pipeline, different in each run.

A run takes minutes, so it is not part of the default suite: ``./scripts/test.sh tests/fuzz``. A small run with fixed
requests is part of it: ``tests/e2e/test_description.py``.
"""

from pathlib import Path

import pytest
from local_stack.issuer import Issuer

from tests.e2e.conftest import Pipeline
from tests.support.fuzzing import fuzz

MIN_CASES = 2_000


@pytest.mark.timeout(1_800)
def test_no_generated_request_reveals_an_error(jwt_pipeline: Pipeline, issuer: Issuer, tmp_path: Path) -> None:
    result = fuzz(jwt_pipeline, issuer.token("fuzzer"), tmp_path, examples=400)
    assert result.passed, result.output
    assert result.cases >= MIN_CASES, result.output
