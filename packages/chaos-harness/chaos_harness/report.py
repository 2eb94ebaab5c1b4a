"""What a run comes to, for people and for programs."""

from collections import Counter
from dataclasses import asdict, dataclass

from chaos_harness.history import History
from chaos_harness.judge import judge
from chaos_harness.judge.bites import bites
from chaos_harness.judge.leases import recoveries
from chaos_harness.judge.model_calls import most_at_once

SHOWN = 5
"""Violations of one invariant that are spelt out for people; programs get all."""


@dataclass(frozen=True, slots=True)
class Report:
    """Of one run."""

    seed: int
    mutant: str | None
    jobs: int
    ends: dict[str, int]
    model_calls_per_job_mean: float
    model_calls_per_job_max: int
    model_calls_at_once_max: int
    longest_recovery_s: float
    """Measured."""
    longest_recovery_product_s: float
    """At the product's pace."""
    lease_product_s: float
    late_results_refused: int
    dead_letters: int
    seconds: float
    bites: dict[str, int]
    violations: dict[str, list[str]]

    @property
    def good(self) -> bool:
        """Every invariant held, and every fault bit."""
        return not self.violations

    def as_json(self) -> dict[str, object]:
        """All of it."""
        return {"good": self.good, **asdict(self)}

    def as_text(self) -> str:
        """For people."""
        ends = ", ".join(f"{count} {status}" for status, count in sorted(self.ends.items()))
        calls = f"{self.model_calls_per_job_mean:.2f} (most {self.model_calls_per_job_max})"
        product = f"{self.longest_recovery_product_s:.0f} s, with a lease of {self.lease_product_s:.0f} s"
        bites = ", ".join(f"{name} {count}" for name, count in self.bites.items())
        lines = [
            f"{self.jobs} jobs, seed {self.seed}, {self.seconds:.0f} s: {ends}",
            f"model calls a job: {calls}; at once: {self.model_calls_at_once_max}",
            f"longest recovery of a struck worker's job: {self.longest_recovery_s:.1f} s, in production {product}",
            f"late results refused: {self.late_results_refused}; dead letters: {self.dead_letters}",
            f"faults that bit: {bites or 'none was asked for'}",
        ]
        for name, violations in self.violations.items():
            lines.append(f"VIOLATED: {name} ({len(violations)})")
            lines += [f"  {violation}" for violation in violations[:SHOWN]]
        lines.append("every invariant held" if self.good else "NOT GOOD")
        return "\n".join(lines)


def report(history: History) -> Report:
    """From the history alone."""
    calls = Counter(call.job_id for call in history.model_calls)
    slowest = max((seconds for _, seconds in recoveries(history)), default=0.0)
    return Report(
        seed=history.seed,
        mutant=history.mutant,
        jobs=len(history.jobs),
        ends=dict(Counter(job.status for job in history.jobs)),
        model_calls_per_job_mean=round(calls.total() / max(1, len(history.jobs)), 3),
        model_calls_per_job_max=max(calls.values(), default=0),
        model_calls_at_once_max=most_at_once(history),
        longest_recovery_s=round(slowest, 2),
        longest_recovery_product_s=round(slowest * history.factor, 1),
        lease_product_s=history.lease * history.factor,
        late_results_refused=len(history.late_refused),
        dead_letters=len(history.dead_letters) + len(history.buried),
        seconds=round(history.ended_at - history.began_at, 1),
        bites=bites(history),
        violations=judge(history),
    )
