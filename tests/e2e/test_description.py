"""The API behaves as its description states, for requests generated from it by schemathesis, with tokens required.

The requests are the same in every run. ``tests/fuzz`` generates many more, different in each run.
"""

from pathlib import Path

import pytest
from local_stack.issuer import Issuer

from tests.e2e.conftest import Pipeline
from tests.support.fuzzing import fuzz

pytestmark = pytest.mark.xdist_group("tokens")


@pytest.mark.timeout(300)  # 35 s on a quiet machine
def test_the_api_conforms_to_its_description(jwt_pipeline: Pipeline, issuer: Issuer, tmp_path: Path) -> None:
    result = fuzz(jwt_pipeline, issuer.token("fuzzer"), tmp_path, examples=2, seed=4)
    assert result.passed, result.output
    assert result.cases > 400, result.output
