"""The API behaves as its description states, for requests generated from it by schemathesis, with tokens required.

The same requests each time; ``tests/fuzz`` makes many more, and others.
"""

from pathlib import Path

import pytest
from local_stack.issuer import Issuer

from tests.e2e.conftest import Pipeline
from tests.support.fuzzing import fuzz

pytestmark = pytest.mark.xdist_group("tokens")


def test_the_api_is_as_described(by_token: Pipeline, issuer: Issuer, tmp_path: Path) -> None:
    found = fuzz(by_token, issuer.token("fuzzer"), tmp_path, examples=5, seed=4)
    assert found.found_nothing, found.said
    assert found.cases > 400, found.said
