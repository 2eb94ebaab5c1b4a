"""The package that describes this product to the chaos harness. ``tests/chaos`` checks that the mutants are found."""

import json
from pathlib import Path

from chaos_harness.faults import FAULTS
from chaos_harness.product import load
from pipeline.platform.policy import Policy

ROOT = Path(__file__).parents[2]
PRODUCT = load(ROOT / "tests" / "chaos" / "chaos_product")


def test_every_mutant_names_existing_faults() -> None:
    assert {name for mutant in PRODUCT.MUTANTS.values() for name in mutant.rates} <= FAULTS.keys()


def test_every_named_function_is_in_the_wiring() -> None:
    resources = json.loads((ROOT / "infra" / "wiring.json").read_text())["resources"]
    functions = PRODUCT.FUNCTIONS
    assert {functions.api, functions.worker, functions.sweeper, functions.gateway} <= resources.keys()


def test_the_limits_are_set_in_the_configuration_of_the_stage() -> None:
    resources = json.loads((ROOT / "infra" / "wiring.json").read_text())["resources"]
    PRODUCT.set_limits(resources, 9, 1_000)
    limits = json.loads(resources["Config"]["inputs"]["value"])["limits"]
    assert (limits["concurrent_model_calls"], limits["daily_input_bytes_per_tenant"]) == (9, 1_000)


def test_the_lease_is_the_one_of_the_policy() -> None:
    assert Policy().lease.lease_s == PRODUCT.LEASE_S


def test_every_log_message_is_in_the_code() -> None:
    code = "".join(file.read_text() for file in (ROOT / "functions" / "pipeline").rglob("*.py"))
    messages = PRODUCT.LOG_MESSAGES
    for message in (
        messages.late_result_refused,
        messages.nothing_to_do,
        messages.job_postponed,
        messages.dead_letter_recorded,
    ):
        assert f'"{message}"' in code
