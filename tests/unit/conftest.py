"""Fixtures of the unit tests."""

import logging
from collections.abc import Iterator

import pytest

from tests.support.log_lines import LogLines


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[LogLines]:
    """The lines that the test makes the product log."""
    logger, lines = logging.getLogger("pipeline"), LogLines()
    level = logger.level
    monkeypatch.setattr(logger, "handlers", [lines])
    monkeypatch.setattr(logger, "propagate", False)
    logger.setLevel(logging.INFO)
    yield lines
    logger.setLevel(level)
