"""A measurement of a small package, from the command to the survivors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PRICES = '''"""A small module."""

from functools import cache

LIMIT = 10


@cache
def allowed(price: int) -> bool:
    return price <= LIMIT


def described(price: int) -> str:
    if price > 3:
        return "high"
    return "low"


class Basket:
    @property
    def total(self) -> int:
        return 1 + 1
'''
TESTS = """from shop.prices import Basket, allowed, described


def test_allowed():
    assert allowed(10) and not allowed(11)


def test_described():
    assert described(5)


def test_total():
    assert Basket().total == 2
"""
CONFIGURATION = """source = "shop"
tests = ["tests"]
pytest = ["--import-mode=importlib", "-o", "pythonpath=."]

[least]
"*" = {least}
"""
ACCEPTED = """
[[accepted]]
module = "prices.py"
change = "price > 3 -> (price >= 3)"
reason = "No price is 3."
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "prices.py").write_text(PRICES)
    (tmp_path / "tests" / "test_prices.py").write_text(TESTS)
    return tmp_path


def measure(project: Path, *arguments: str, least: int = 50, more: str = "") -> tuple[int, list[str]]:
    (project / "score.toml").write_text(CONFIGURATION.format(least=least) + more)
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "mutation_score", "--config", "score.toml", *arguments]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_changes_that_no_test_notices_are_listed(project: Path) -> None:
    status, lines = measure(project, "--jobs", "2")
    assert status == 0
    assert lines[0] == "prices.py: 8 of 15 (53 %)"
    assert sorted(line.strip() for line in lines if line.startswith("  ")) == [
        "prices.py:14: 3 -> 4",
        "prices.py:14: price > 3 -> (price >= 3)",
        "prices.py:14: price > 3 -> False",
        "prices.py:14: price > 3 -> True",
        "prices.py:15: \"high\" -> 'highXX'",
        "prices.py:16: \"low\" -> 'lowXX'",
        'prices.py:16: return "low" -> return None',
    ]


def test_a_group_below_its_least_score_fails_the_run(project: Path) -> None:
    status, lines = measure(project, least=99)
    assert status == 1
    assert lines[-1].endswith("and at least 99 % are required")


def test_an_accepted_survivor_does_not_count_and_an_excluded_change_is_not_made(project: Path) -> None:
    rule = '[[rules]]\nmodules = "prices.py"\nkinds = ["constant"]\nbefore = "high|low"\nreason = "Texts."\n'
    status, lines = measure(project, "prices", more=ACCEPTED + rule)
    assert (status, lines[0]) == (0, "prices.py: 8 of 12 (67 %)")
    assert not any("(price >= 3)" in line or "XX" in line for line in lines)


def test_an_accepted_survivor_must_exist(project: Path) -> None:
    status, lines = measure(project, "prices", more=ACCEPTED.replace(">= 3)", ">= 4)"))
    assert status == 1
    assert "names no survivor" in lines[-1]


def test_tests_that_fail_without_a_change_end_the_run(project: Path) -> None:
    (project / "tests" / "test_more.py").write_text("def test_broken():\n    assert False\n")
    status, lines = measure(project)
    assert (status, lines[1]) == (2, "tests/test_more.py::test_broken")
    (project / "tests" / "test_more.py").write_text("import nothing_like_this\n")
    assert measure(project)[0] == 2
