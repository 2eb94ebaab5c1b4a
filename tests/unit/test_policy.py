"""The policy's sums: every wait fits the timeout around it."""

import json
from pathlib import Path

from pipeline.platform import aws
from pipeline.platform.policy import Policy

POLICY = Policy()
WIRING = json.loads((Path(__file__).parents[2] / "infra" / "wiring.json").read_text())["resources"]
API_TIMEOUT_S = WIRING["ApiHandler"]["inputs"]["timeout"]
WORKER_TIMEOUT_S = WIRING["Worker"]["inputs"]["timeout"]
QUEUE = WIRING["Jobs"]["inputs"]

AWS_CALL_S = POLICY.aws.attempts * (POLICY.aws.connect_timeout_s + POLICY.aws.read_timeout_s) + 1
"""Every attempt as slow as can be, and the pause between two."""


def test_the_slowest_submit_fits_the_api() -> None:
    # The configuration and the message, each with all attempts; the record and its withdrawal, each on two connections.
    assert 2 * AWS_CALL_S + 2 * 2 * POLICY.requests.socket_s < API_TIMEOUT_S
    assert API_TIMEOUT_S < 30  # API Gateway's own limit


def test_the_model_calls_of_an_attempt_fit_the_worker() -> None:
    calls = POLICY.model.answers_per_attempt * POLICY.model.longest_s
    assert calls + POLICY.attempts.finish_margin_s < WORKER_TIMEOUT_S


def test_an_attempt_fits_the_visibility_timeout() -> None:
    assert QUEUE["visibilityTimeoutSeconds"] >= 6 * WORKER_TIMEOUT_S  # AWS's own advice


def test_the_retries_of_a_write_fit_the_margin_for_finishing() -> None:
    assert sum(POLICY.attempts.write_retry_delays_s) < POLICY.attempts.finish_margin_s


def test_a_job_fails_with_its_reason_before_its_message_is_a_dead_letter() -> None:
    assert QUEUE["redrivePolicy"]["maxReceiveCount"] > POLICY.attempts.attempts


def test_sqs_can_delay_a_message_that_long() -> None:
    longest = (POLICY.attempts.longest_delay_s, POLICY.denials.daily_limit_s, POLICY.lease.lease_s * 2)
    assert max(longest) <= 900


def test_the_sweeper_waits_for_what_is_still_under_way() -> None:
    assert max(API_TIMEOUT_S, POLICY.lease.lease_s, POLICY.lease.message_retry_s) < POLICY.sweep.overdue_s


def test_a_server_gives_a_statement_up_before_its_connection_is_given_up() -> None:
    for timeouts in (POLICY.requests, POLICY.migrations):
        assert timeouts.lock_s <= timeouts.statement_s < timeouts.socket_s
    assert POLICY.migrations.socket_s < WIRING["Migrator"]["inputs"]["timeout"]


def test_a_probe_outlives_no_pause_and_a_slot_outlives_its_call() -> None:
    assert POLICY.circuit.shortest_pause_s <= POLICY.circuit.probe_s <= POLICY.circuit.longest_pause_s
    assert POLICY.model.slot_margin_s > 0


def test_model_calls_are_attempted_once() -> None:
    assert vars(aws._model_config())["_user_provided_options"]["retries"] == {"total_max_attempts": 1}
