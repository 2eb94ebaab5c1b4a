"""Two workers at one job, in every order of their statements and commits.

Whatever they do at once must come to what it comes to one after the other, whichever is first; and where the
transaction of one is rolled back, to what the other does alone. A sweep is ``stranded``, then ``mark_enqueued`` each.
"""

import pytest
from pipeline.platform.settings import DatabaseSettings

from tests.support.at_once import State, TwoWorkers
from tests.support.fakes import FakeClock
from tests.support.job_states import OF_A_JOB, OF_ITS_REQUEST, STATES, absent, enqueued, withdrawn
from tests.support.timed_database import timed


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_two_at_a_job_are_as_one_after_the_other(empty_database: DatabaseSettings, state: State) -> None:
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        assert list(two.faults(state, OF_ITS_REQUEST | OF_A_JOB)) == []


def test_who_comes_second_waits_for_the_first(empty_database: DatabaseSettings) -> None:
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        assert list(two.faults(enqueued, OF_A_JOB, [("claim", "cancel")])) == []
        assert two.waited


def test_two_requests_with_one_key_are_as_one_after_the_other(empty_database: DatabaseSettings) -> None:
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        assert list(two.faults(absent, OF_ITS_REQUEST)) == []


def test_a_withdrawn_job_stays_away(empty_database: DatabaseSettings) -> None:
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        assert list(two.faults(withdrawn, OF_A_JOB)) == []
