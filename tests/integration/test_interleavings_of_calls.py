"""Two workers with calls of one model, in every order of their statements and commits: as one after the other."""

from itertools import combinations_with_replacement

import pytest
from pipeline.platform.settings import DatabaseSettings

from tests.support.call_states import ENDS, SCENES
from tests.support.concurrently import TwoWorkers
from tests.support.fakes import FakeClock
from tests.support.timed_database import timed


@pytest.mark.parametrize("scene", SCENES)
def test_two_with_a_model_are_as_one_after_the_other(empty_database: DatabaseSettings, scene: str) -> None:
    state, operations = SCENES[scene]
    # A call is one worker's: no other begins it.
    pairs = [pair for pair in combinations_with_replacement(operations, 2) if pair[0] != pair[1] or pair[0] in ENDS]
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        assert list(two.violations(state, operations, pairs)) == []
