"""The timeouts of the policy: each one covers the waits inside it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pipeline.models.stage_config import Limits
from pipeline.platform import aws, policy
from pipeline.platform.policy import Policy

POLICY = Policy()
WIRING = json.loads((Path(__file__).parents[2] / "infra" / "wiring.json").read_text())["resources"]
API_TIMEOUT_S = WIRING["ApiHandler"]["inputs"]["timeout"]
WORKER_TIMEOUT_S = WIRING["Worker"]["inputs"]["timeout"]
QUEUE = WIRING["Jobs"]["inputs"]

AWS_CALL_S = POLICY.aws.max_attempts * (POLICY.aws.connect_timeout_s + POLICY.aws.read_timeout_s) + 1
"""The longest call: every attempt times out, with the pause between two attempts."""


def test_the_slowest_submit_fits_the_timeout_of_the_api() -> None:
    # Calls of Parameter Store and SQS with all attempts; the insert and its withdrawal, each on two connections.
    assert 2 * AWS_CALL_S + 2 * 2 * POLICY.database.socket_s < API_TIMEOUT_S
    assert API_TIMEOUT_S < 30  # the limit of API Gateway


def test_the_model_calls_of_an_attempt_fit_the_timeout_of_the_worker() -> None:
    calls = POLICY.model.answers_per_attempt * POLICY.model.longest_s
    assert calls + POLICY.attempts.finish_margin_s < WORKER_TIMEOUT_S


def test_an_attempt_fits_the_visibility_timeout() -> None:
    assert QUEUE["visibilityTimeoutSeconds"] >= 6 * WORKER_TIMEOUT_S  # as AWS recommends


def test_the_retries_of_a_write_fit_the_margin_for_finishing() -> None:
    assert sum(POLICY.attempts.write_retry_delays_s) < POLICY.attempts.finish_margin_s


def test_the_largest_answer_fits_the_time_of_a_call() -> None:
    tokens_per_s = 4_000 / 80  # of a Sonnet-class model, 2026-11
    assert Limits().max_tokens == POLICY.model.read_timeout_s * tokens_per_s


def test_a_job_fails_with_its_reason_before_its_message_becomes_a_dead_letter() -> None:
    assert QUEUE["redrivePolicy"]["maxReceiveCount"] > POLICY.attempts.max_attempts


def test_no_delay_exceeds_the_maximum_of_sqs() -> None:
    longest = (POLICY.attempts.longest_delay_s, POLICY.denials.daily_limit_s, POLICY.lease.lease_s * 2)
    assert max(longest) <= 900


def test_the_sweeper_waits_for_requests_and_leases_in_progress() -> None:
    assert max(API_TIMEOUT_S, POLICY.lease.lease_s, POLICY.lease.message_retry_s) < POLICY.sweep.overdue_s


def test_objects_are_deleted_again_after_the_last_worker_could_have_stored_one() -> None:
    assert POLICY.erasure.late_result_s > WORKER_TIMEOUT_S + AWS_CALL_S


def test_a_statement_times_out_before_its_connection() -> None:
    for timeouts in (POLICY.database, POLICY.database_migrations):
        assert timeouts.lock_s <= timeouts.statement_s < timeouts.socket_s
    assert POLICY.database_migrations.socket_s < WIRING["Migrator"]["inputs"]["timeout"]


def test_a_probe_fits_the_range_of_pauses_and_a_slot_outlasts_its_call() -> None:
    assert POLICY.circuit.shortest_pause_s <= POLICY.circuit.probe_s <= POLICY.circuit.longest_pause_s
    assert POLICY.model.slot_margin_s > 0


def test_model_calls_are_attempted_once() -> None:
    assert vars(aws._model_config())["_user_provided_options"]["retries"] == {"total_max_attempts": 1}


def test_the_policy_changes_only_before_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "_policy", POLICY)
    monkeypatch.setattr(policy, "_in_use", False)
    policy.adjust(lambda before: replace(before, stage_config_cache_s=60))
    policy.adjust(lambda before: replace(before, stage_config_cache_s=before.stage_config_cache_s + 30))
    assert policy.current().stage_config_cache_s == 90
    with pytest.raises(RuntimeError, match="in use"):
        policy.adjust(lambda _: POLICY)
