"""Two workers with calls of one model, in every order of their statements and commits.

Each outcome must equal that of one operation after the other, in either order.
"""

from itertools import combinations_with_replacement

import pytest
from pipeline.platform.settings import DatabaseSettings

from tests.support.call_states import CALL_STATES, ENDS
from tests.support.concurrently import TwoWorkers
from tests.support.fakes import FakeClock
from tests.support.timed_database import timed


@pytest.mark.parametrize("name", CALL_STATES)
def test_two_operations_on_calls_of_a_model_are_serializable(empty_database: DatabaseSettings, name: str) -> None:
    state, operations = CALL_STATES[name]
    # A call belongs to one worker, so only one begins it.
    pairs = [pair for pair in combinations_with_replacement(operations, 2) if pair[0] != pair[1] or pair[0] in ENDS]
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        assert list(two.violations(state, operations, pairs)) == []
