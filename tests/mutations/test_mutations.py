"""Changes a copy of the repository in one way at a time and runs the whole command, with real SST.

There is one mutation for each mechanism; the cases of each rule are quick tests in ``packages/deploy-checks/tests``.
A mutation takes half a minute, so this suite runs by name: ``./scripts/test.sh tests/mutations -n 2 -k PKG``.
"""

import pytest

from tests.mutations import additions, harmless
from tests.mutations.areas import EVERY
from tests.mutations.checkout import Checkout, Verdict
from tests.mutations.conftest import assert_no_findings
from tests.mutations.first_week import FIRST_WEEK
from tests.mutations.mutation import Mutation

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("stage", ["dev", "staging", "production", "dev-maria"])
def test_unchanged_repository_has_no_findings(checkout: Checkout, stage: str) -> None:
    assert_no_findings(checkout, stage)


@pytest.mark.parametrize("mutation", EVERY, ids=str)
def test_mutation_is_reported(checkout: Checkout, mutation: Mutation) -> None:
    verdict = changed(checkout, mutation)
    assert (mutation.finds, mutation.file) in verdict.named()
    assert verdict.exit_status == 1, verdict.stderr


@pytest.mark.parametrize("mutation", harmless.MUTATIONS, ids=str)
def test_harmless_change_is_accepted(checkout: Checkout, mutation: Mutation) -> None:
    verdict = changed(checkout, mutation)
    assert verdict.named() <= harmless.GENERATED


def test_a_first_week_raises_advice_only(checkout: Checkout) -> None:
    verdict = changed(checkout, FIRST_WEEK)
    assert {finding["severity"] for finding in verdict.findings} == {"low"}


@pytest.mark.parametrize("mutation", additions.MUTATIONS, ids=str)
def test_an_addition_raises_advice_only(checkout: Checkout, mutation: Mutation) -> None:
    verdict = changed(checkout, mutation)
    assert {finding["severity"] for finding in verdict.findings} <= {"low"}, verdict.findings
    assert verdict.exit_status in (0, 1), verdict.stderr


def changed(checkout: Checkout, mutation: Mutation) -> Verdict:
    """The verdict about the checkout with the mutation, which is undone afterwards."""
    try:
        for change in mutation.changes:
            change(checkout.root)
        return checkout.pre_deploy(mutation.stage, mutation.environment)
    finally:
        checkout.restore()
