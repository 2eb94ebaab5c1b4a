"""The verdict on a run, as text and as JSON."""

from collections import Counter
from dataclasses import asdict, dataclass

from chaos_harness.history import History
from chaos_harness.judge import judge
from chaos_harness.judge.effects import effects
from chaos_harness.judge.leases import recoveries
from chaos_harness.judge.model_calls import most_concurrent

SHOWN = 5
"""Violations of one invariant in the text. The JSON has all of them."""


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on one run, with its measurements."""

    seed: int
    mutant: str | None
    jobs: int
    ends: dict[str, int]
    """Number of jobs by final status."""
    model_calls_per_job_mean: float
    model_calls_per_job_max: int
    concurrent_model_calls_max: int
    longest_recovery_s: float
    """The longest recovery, in seconds of the run."""
    longest_recovery_product_s: float
    """The longest recovery, in seconds of the product."""
    lease_product_s: float
    late_results_refused: int
    dead_letters: int
    seconds: float
    took_effect: dict[str, int]
    """Number of effects by fault."""
    violations: dict[str, list[str]]

    @property
    def good(self) -> bool:
        """Whether every invariant held. One of them is that every fault took effect."""
        return not self.violations

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return {"good": self.good, **asdict(self)}

    def as_text(self) -> str:
        """The report for people."""
        ends = ", ".join(f"{count} {status}" for status, count in sorted(self.ends.items()))
        calls = f"{self.model_calls_per_job_mean:.2f} (maximum {self.model_calls_per_job_max})"
        product = f"{self.longest_recovery_product_s:.0f} s, with a lease of {self.lease_product_s:.0f} s"
        faults = ", ".join(f"{name} {count}" for name, count in self.took_effect.items())
        lines = [
            f"{self.jobs} jobs, seed {self.seed}, {self.seconds:.0f} s: {ends}",
            f"model calls per job: {calls}; concurrent: {self.concurrent_model_calls_max}",
            f"longest recovery of a failed worker's job: {self.longest_recovery_s:.1f} s, in production {product}",
            f"late results refused: {self.late_results_refused}; dead letters: {self.dead_letters}",
            f"faults that took effect: {faults or 'none requested'}",
        ]
        for name, violations in self.violations.items():
            lines.append(f"VIOLATED: {name} ({len(violations)})")
            lines += [f"  {violation}" for violation in violations[:SHOWN]]
        lines.append("every invariant held" if self.good else "NOT GOOD")
        return "\n".join(lines)


def report(history: History) -> Report:
    """Judge and measure a history."""
    calls = Counter(call.job_id for call in history.model_calls)
    slowest = max((seconds for _, seconds in recoveries(history)), default=0.0)
    return Report(
        seed=history.seed,
        mutant=history.mutant,
        jobs=len(history.jobs),
        ends=dict(Counter(job.status for job in history.jobs)),
        model_calls_per_job_mean=round(calls.total() / max(1, len(history.jobs)), 3),
        model_calls_per_job_max=max(calls.values(), default=0),
        concurrent_model_calls_max=most_concurrent(history),
        longest_recovery_s=round(slowest, 2),
        longest_recovery_product_s=round(slowest * history.factor, 1),
        lease_product_s=history.lease * history.factor,
        late_results_refused=len(history.late_refused),
        dead_letters=len(history.dead_letters) + len(history.recorded_dead_letters),
        seconds=round(history.ended_at - history.began_at, 1),
        took_effect=effects(history),
        violations=judge(history),
    )
