"""``gap-optimization``: which patients could fill an appointment that fell free, in what order, and why.

Code decides (``gap``), the model explains: only the words of its answer reach the result.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from pipeline.analyses.gap_optimization.gap import Assessment, Gap, GapRules, Office, Patient, Ranking, rank
from pipeline.analyses.gap_optimization.local_time import instant
from pipeline.definitions import DATA_ONLY, Analysis, Context, ModelSettings, Prompt, StrictModel, document

EXPLAINED = 12
"""Patients, from the top, that the model sees and explains: as many as ``max_tokens`` has room for."""

SYSTEM = f"""You explain to the front desk of a medical or dental office how a program ranked patients for
an appointment that fell free.
{DATA_ONLY}
The document is JSON: the gap, the best patients in order, each with the factors of the score (0 worst, 1
best) and the facts behind them, the weights of the factors, and how many patients were left out. The
ranking is final: never change, doubt or recompute it. Explain it in plain English and from these facts
alone. Say nothing of anybody's health that they do not say. Where nobody is eligible, say why. A reason
speaks of facts (minutes, days, priority), not of factors' numbers."""

Explanation = Annotated[str, Field(min_length=1, max_length=1_200, pattern=r"\S")]
Reason = Annotated[str, Field(min_length=1, max_length=300, pattern=r"\S")]
FieldProblem = tuple[tuple[str | int, ...], object, str]
"""The location, the given value and the problem."""


class GapInput(StrictModel):
    office: Office
    gap: Gap
    patients: list[Patient] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Refuse wall times that are not one instant, ids used twice and windows that never open."""
        problems = [*self._time_problems(), *self._id_problems()] or list(self._window_problems())
        if problems:
            raise ValidationError.from_exception_data(
                type(self).__name__,
                [
                    InitErrorDetails(
                        type=PydanticCustomError("gap", "{problem}", {"problem": problem}), loc=loc, input=at
                    )
                    for loc, at, problem in problems
                ],
            )
        return self

    def _times(self) -> Iterator[tuple[tuple[str | int, ...], datetime | None]]:
        yield ("gap", "starts_at"), self.gap.starts_at
        yield ("gap", "reported_at"), self.gap.reported_at
        for n, patient in enumerate(self.patients):
            yield ("patients", n, "available_from"), patient.available_from
            yield ("patients", n, "available_until"), patient.available_until

    def _time_problems(self) -> Iterator[FieldProblem]:
        for loc, time in self._times():
            try:
                _ = time and instant(time, self.office.zone)
            except ValueError as exc:
                yield loc, time, str(exc)

    def _id_problems(self) -> Iterator[FieldProblem]:
        seen = set[str]()
        for n, patient in enumerate(self.patients):
            if patient.id in seen:
                yield ("patients", n, "id"), patient.id, "is the id of an earlier patient"
            seen.add(patient.id)

    def _window_problems(self) -> Iterator[FieldProblem]:
        for n, patient in enumerate(self.patients):
            opens, closes = patient.available_from, patient.available_until
            if opens and closes and instant(opens, self.office.zone) >= instant(closes, self.office.zone):
                yield ("patients", n, "available_until"), closes, "must be later than available_from"


class PatientReason(StrictModel):
    patient_id: str = Field(min_length=1, max_length=64, description="An id of the ranking, unchanged.")
    reason: Reason = Field(description="Why this patient is placed here or not eligible: one sentence.")


class GapAnswer(StrictModel):
    explanation: Explanation = Field(description="The gap and the ranking as a whole, in at most 100 words.")
    reasons: list[PatientReason] = Field(max_length=50, description="One for each patient of the ranking.")


class RankedPatient(Assessment):
    reason: Reason


class GapResult(Ranking):
    explanation: Explanation
    patients: tuple[RankedPatient, ...] = Field(description="The eligible by rank, then the others by score.")


def prompt(given: GapInput, context: Context[GapRules]) -> Prompt:
    ranking = _rank(given, context)
    shown, facts = ranking.patients[:EXPLAINED], {each.id: each for each in given.patients}
    hidden = {"id", "available_from", "available_until"}
    data = {
        "office": given.office.name or given.office.id,
        "gap": {
            **ranking.model_dump(mode="json", exclude={"patients", "starts_at"}),
            **given.gap.model_dump(mode="json", include={"duration_minutes", "provider", "kind"}),
            "starts_at": ranking.starts_at.astimezone(given.office.zone).isoformat(),
        },
        "weights": context.rules.weights.model_dump(),
        "ranking": [
            {**each.model_dump(), "facts": facts[each.patient_id].model_dump(mode="json", exclude=hidden)}
            for each in shown
        ],
        "patients_left_out": len(ranking.patients) - len(shown),
    }
    wrapped = document(json.dumps(data, ensure_ascii=False), "ranking")
    return Prompt(SYSTEM, f"{wrapped}\n\nExplain the ranking above and give each of its patients a reason.")


def conclude(given: GapInput, answer: GapAnswer, context: Context[GapRules]) -> GapResult:
    """Add the model's words to the ranking: its first reason for an id that exists, else a composed one."""
    ranking = _rank(given, context)
    words = {each.patient_id: each.reason for each in reversed(answer.reasons)}
    patients = tuple(
        RankedPatient(**dict(each), reason=words.get(each.patient_id) or _composed(each)) for each in ranking.patients
    )
    return GapResult(**{**dict(ranking), "patients": patients}, explanation=answer.explanation)


def _rank(given: GapInput, context: Context[GapRules]) -> Ranking:
    return rank(given.office, given.gap, given.patients, context.created_at, context.rules)


def _composed(patient: Assessment) -> str:
    if not patient.eligible:
        return f"Not eligible: {', '.join(each.replace('_', ' ') for each in patient.exclusions)}."
    shares: list[tuple[float, str]] = sorted((share, name) for name, share in patient.factors)
    (low, weakest), (high, best) = shares[0], shares[-1]
    return f"Score {patient.score:.2f}: strongest in {best} ({high:.2f}), weakest in {weakest} ({low:.2f})."


ANALYSIS = Analysis(
    name="gap-optimization",
    description="Ranks the patients who could fill an appointment that fell free, and explains the ranking.",
    input_model=GapInput,
    answer_model=GapAnswer,
    output_model=GapResult,
    rules_model=GapRules,
    prompt=prompt,
    conclude=conclude,
    settings=ModelSettings(max_tokens=2_500),
)
