"""Breaks a copy of the repository in one way at a time, and asks the command itself what it says.

Slow (half a minute for each mutation, real SST and all), so it is not among the tests that run by themselves:
``./scripts/test.sh tests/mutations -n 2``; ``-k PKG`` for a part, ``-k "not NEW"`` for the failure catalogue's rows.
"""

import pytest

from tests.mutations import harmless
from tests.mutations.areas import EVERY
from tests.mutations.checkout import Checkout, Verdict
from tests.mutations.conftest import nothing_is_found
from tests.mutations.mutation import Mutation

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("stage", ["dev", "staging", "production", "dev-maria"])
def test_nothing_is_found_in_the_healthy_repository(checkout: Checkout, stage: str) -> None:
    nothing_is_found(checkout, stage)


@pytest.mark.parametrize("mutation", EVERY, ids=str)
def test_a_mutation_is_found(checkout: Checkout, mutation: Mutation) -> None:
    verdict = broken(checkout, mutation)
    assert (mutation.finds, mutation.file) in verdict.named()
    assert verdict.exit_status == 1, verdict.said


@pytest.mark.parametrize("mutation", harmless.MUTATIONS, ids=str)
def test_a_harmless_change_is_let_pass(checkout: Checkout, mutation: Mutation) -> None:
    verdict = broken(checkout, mutation)
    assert verdict.named() <= harmless.MADE_AGAIN


def broken(checkout: Checkout, mutation: Mutation) -> Verdict:
    """What is said of the checkout with the mutation. That nothing is said after it is asserted after the last one."""
    try:
        for change in mutation.changes:
            change(checkout.root)
        return checkout.pre_deploy(mutation.stage, mutation.environment)
    finally:
        checkout.mend()
