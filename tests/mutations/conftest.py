"""A checkout for each process that runs mutations: healthy before the first, and healthy again after the last."""

import sys
from collections.abc import Iterator

import pytest

from tests.mutations.checkout import Checkout


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A copy of the repository, of which nothing is found before the first mutation and after the last is mended."""
    made = Checkout(tmp_path_factory.mktemp("checkout"))
    nothing_is_found(made, "dev")
    yield made
    nothing_is_found(made, "dev")


def nothing_is_found(checkout: Checkout, stage: str) -> None:
    """The healthy repository."""
    verdict = checkout.pre_deploy(stage, {})
    assert verdict.findings == []
    assert verdict.exit_status == 0, verdict.said


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A failure is told when it happens: the end is an hour away."""
    if report.failed:
        print(report.longreprtext, file=sys.stderr, flush=True)  # noqa: T201
