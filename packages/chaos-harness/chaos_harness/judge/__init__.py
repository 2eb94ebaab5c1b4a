"""Judge a history: each invariant is a pure function from it to what violates it."""

from collections.abc import Callable

from chaos_harness.history import History
from chaos_harness.judge import delivery, leases, model_calls, results, seen_by_clients
from chaos_harness.judge.bites import unbitten

type Invariant = Callable[[History], list[str]]

INVARIANTS: dict[str, Invariant] = {
    "every accepted job ends exactly once": delivery.ends_once,
    "what is final never changes": delivery.final_never_changes,
    "only legal transitions": delivery.only_legal_transitions,
    "no accepted job disappears": delivery.none_disappears,
    "a job fails only for cause": delivery.fails_only_for_cause,
    "one key, one job": delivery.one_job_for_a_key,
    "what was refused leaves nothing that runs": delivery.refused_leaves_nothing,
    "nothing is dead whose job is not": delivery.nothing_stuck,
    "throttled jobs all succeed": delivery.throttled_all_succeed,
    "no claim while a lease lives": leases.no_claim_while_leased,
    "a dead worker's job runs again in time": leases.recovered_in_time,
    "a living worker keeps its job": leases.living_keep_their_jobs,
    "late results are refused": leases.late_results_refused,
    "the result is the latest attempt's": results.of_the_latest_attempt,
    "no object is overwritten": results.never_overwritten,
    "calls of a job are bounded": model_calls.bounded,
    "a ledger row before each call": model_calls.written_down_before,
    "what is spent is what the ledger says": model_calls.spent_as_written,
    "no more calls at once than allowed": model_calls.within_the_cap,
    "clients never see a job go back": seen_by_clients.monotonic,
    "a cancelled job stays cancelled": seen_by_clients.cancelled_stays,
    "every fault bit": unbitten,
}


def judge(history: History) -> dict[str, list[str]]:
    """What violates which invariant; empty for a good run."""
    found = {name: invariant(history) for name, invariant in INVARIANTS.items()}
    return {name: violations for name, violations in found.items() if violations}
