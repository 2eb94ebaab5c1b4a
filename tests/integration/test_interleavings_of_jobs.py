"""Two workers on one job, in every order of their statements and commits.

Each outcome must equal that of one operation after the other, in either order. If one worker's transaction is rolled
back, the outcome must equal that of the other operation alone. A sweep is ``stranded``, followed by
``mark_enqueued`` for each job.
"""

import pytest
from pipeline.platform.settings import DatabaseSettings

from tests.support.concurrently import State, TwoWorkers
from tests.support.fakes import FakeClock
from tests.support.job_states import (
    OF_A_JOB,
    OF_ITS_CONTENT,
    OF_ITS_REQUEST,
    STATES,
    absent,
    cancelled,
    enqueued,
    erased,
    failed,
    running,
    withdrawn,
)
from tests.support.timed_database import timed


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_two_operations_on_a_job_are_serializable(empty_database: DatabaseSettings, state: State) -> None:
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        assert list(two.violations(state, OF_ITS_REQUEST | OF_A_JOB)) == []


def test_the_second_operation_waits_for_the_first(empty_database: DatabaseSettings) -> None:
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        assert list(two.violations(enqueued, OF_A_JOB, [("claim", "cancel")])) == []
        assert two.waited


@pytest.mark.parametrize("state", [running, failed, cancelled, erased], ids=lambda state: state.__name__)
def test_erasures_of_a_job_are_serializable(empty_database: DatabaseSettings, state: State) -> None:
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        assert list(two.violations(state, OF_ITS_CONTENT)) == []


def test_a_redrive_never_copies_a_document_that_was_erased(empty_database: DatabaseSettings) -> None:
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        pairs = [(name, "redrive") for name in ("erase", "erase as an operator", "end the retention")]
        assert list(two.violations(failed, OF_ITS_CONTENT, pairs)) == []
        assert two.waited


def test_two_requests_with_one_key_are_serializable(empty_database: DatabaseSettings) -> None:
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        assert list(two.violations(absent, OF_ITS_REQUEST)) == []


def test_an_erased_job_does_not_return(empty_database: DatabaseSettings) -> None:
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        assert list(two.violations(erased, OF_A_JOB)) == []


def test_a_withdrawn_job_does_not_return(empty_database: DatabaseSettings) -> None:
    with TwoWorkers(timed(empty_database, FakeClock().now)) as two:
        assert list(two.violations(withdrawn, OF_A_JOB)) == []
