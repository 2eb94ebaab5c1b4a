"""Breaks the product in one way at a time, at a small size, and asks the chaos harness itself what it says.

Slow (a quarter of a minute to one for each mutant), so it is not among the tests that run by themselves:
``./scripts/test.sh tests/chaos``; ``-k fence`` for a part. One at a time: each run wants the machine for itself.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from chaos_harness.product import load

ROOT = Path(__file__).parents[2]
MUTANTS = load(Path(__file__).parent / "chaos_product").MUTANTS
FOUND_BY = {
    "no-fence": "the result is the latest attempt's|late results are refused",
    "no-lease-test": "no claim while a lease lives",
    "no-key": "one key, one job",
    "no-withdrawal": "what was refused leaves nothing that runs",
    "lost-ack-forgotten": "late results are refused",
    "cancel-lies": "a cancelled job stays cancelled",
    "ack-first": "a dead worker's job runs again in time",
    "never-hidden": "a dead worker's job runs again in time",
    "no-heartbeat": "a living worker keeps its job",
    "no-sweeper": "every accepted job ends exactly once",
    "released-unsent": "every accepted job ends exactly once",
    "accepts-unrecorded": "no accepted job disappears",
    "throttled-is-final": "a job fails only for cause",
    "endless-attempts": "calls of a job are bounded",
    "endless-corrections": "calls of a job are bounded",
    "ledger-after": "a ledger row before each call",
    "settles-twice": "what is spent is what the ledger says",
    "no-cap": "no more calls at once than allowed",
    "sdk-retries": "a ledger row before each call",
    "result-without-attempt": "the result is the latest attempt's",
    "overwrites": "no object is overwritten",
}

pytestmark = pytest.mark.timeout(600)


def chaos(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [ROOT / "scripts" / "chaos.sh", "--json", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def test_every_mutant_has_an_invariant_that_finds_it() -> None:
    assert FOUND_BY.keys() == MUTANTS.keys()


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_found(mutant: str) -> None:
    status, found = chaos("--mutant", mutant)
    assert status == 1
    assert found["violations"].keys() & set(FOUND_BY[mutant].split("|")), found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_product_itself_is_good(seed: int) -> None:
    status, found = chaos("--jobs", "100", "--seed", str(seed))
    assert (status, found["violations"]) == (0, {})


def test_throttling_is_waited_out() -> None:
    status, found = chaos("--throttled", "--jobs", "200")
    assert (status, found["violations"]) == (0, {})
    assert found["bites"]["bedrock-throttle"] > 50
