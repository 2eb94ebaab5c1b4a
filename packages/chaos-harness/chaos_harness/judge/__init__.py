"""The judge: each invariant is a pure function from a history to its violations."""

from collections.abc import Callable

from chaos_harness.history import History
from chaos_harness.judge import client_views, delivery, leases, model_calls, results
from chaos_harness.judge.effects import without_effect

type Invariant = Callable[[History], list[str]]

INVARIANTS: dict[str, Invariant] = {
    "every accepted job ends exactly once": delivery.ends_once,
    "a final job never changes": delivery.final_never_changes,
    "only legal transitions": delivery.only_legal_transitions,
    "no accepted job disappears": delivery.none_disappears,
    "a job fails only for cause": delivery.fails_only_for_cause,
    "one key, one job": delivery.one_job_for_a_key,
    "a refused request leaves no job": delivery.refused_leaves_nothing,
    "a dead letter belongs to an ended job": delivery.dead_letters_of_ended_jobs,
    "throttled jobs all succeed": delivery.throttled_all_succeed,
    "no claim while a lease lives": leases.no_claim_while_leased,
    "a dead worker's job runs again in time": leases.recovered_in_time,
    "a living worker keeps its job": leases.living_keep_their_jobs,
    "late results are refused": leases.late_results_refused,
    "the result is the latest attempt's": results.of_the_latest_attempt,
    "no object is overwritten": results.never_overwritten,
    "calls of a job are bounded": model_calls.bounded,
    "a ledger row before each call": model_calls.recorded_before,
    "recorded spending equals the ledger": model_calls.spending_equals_ledger,
    "no more concurrent calls than allowed": model_calls.within_the_cap,
    "no tenant holds every slot": model_calls.shared_by_tenants,
    "an outage ends with the shortest pause": model_calls.resumes_after_an_outage,
    "a tenant stays within its day": delivery.within_the_day,
    "clients never see a job go back": client_views.monotonic,
    "a cancelled job stays cancelled": client_views.cancelled_stays,
    "every fault took effect": without_effect,
}


def judge(history: History) -> dict[str, list[str]]:
    """The violations by invariant; empty for a good run."""
    results_ = {name: invariant(history) for name, invariant in INVARIANTS.items()}
    return {name: violations for name, violations in results_.items() if violations}
