"""The chaos harness finds every mutant of the product, and no violation in the product itself.

A mutant takes 15 to 60 s, so these tests are not part of the default suite: ``./scripts/test.sh tests/chaos``, with
``-k fence`` for a part. They run one at a time, because each needs the whole machine.
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
    "no-withdrawal": "a refused request leaves no job",
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
    "endless-paid-calls": "calls of a job are bounded",
    "every-failure-counts": "an outage ends with the shortest pause",
    "greedy-tenant": "no tenant holds every slot",
    "day-without-end": "a tenant stays within its day",
    "ledger-after": "a ledger row before each call",
    "settles-twice": "recorded spending equals the ledger",
    "no-cap": "no more concurrent calls than allowed",
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


def test_every_mutant_is_assigned_to_an_invariant() -> None:
    assert FOUND_BY.keys() == MUTANTS.keys()


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_found(mutant: str) -> None:
    status, verdict = chaos("--mutant", mutant)
    assert status == 1
    assert verdict["violations"].keys() & set(FOUND_BY[mutant].split("|")), verdict


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_product_itself_is_good(seed: int) -> None:
    status, verdict = chaos("--jobs", "100", "--seed", str(seed))
    assert (status, verdict["violations"]) == (0, {})


def test_throttling_alone_fails_no_job() -> None:
    status, verdict = chaos("--throttled", "--jobs", "200")
    assert (status, verdict["violations"]) == (0, {})
    assert verdict["took_effect"]["bedrock-throttle"] > 50
