"""A checkout for each process that runs mutations: without findings before the first one and after the last one."""

import sys
from collections.abc import Iterator

import pytest

from tests.mutations.checkout import Checkout


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A copy of the repository without findings, before the first mutation and after the last one is undone."""
    made = Checkout(tmp_path_factory.mktemp("checkout"))
    assert_no_findings(made, "dev")
    yield made
    assert_no_findings(made, "dev")


def assert_no_findings(checkout: Checkout, stage: str) -> None:
    """Run pre-deploy on the unchanged checkout."""
    verdict = checkout.pre_deploy(stage, {})
    assert verdict.findings == []
    assert {one["needs"] for one in verdict.not_checked} <= {"no AWS credentials"}
    assert verdict.exit_status == 0, verdict.stderr


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Print a failure when it happens: the whole suite takes most of an hour."""
    if report.failed:
        print(report.longreprtext, file=sys.stderr, flush=True)  # noqa: T201
