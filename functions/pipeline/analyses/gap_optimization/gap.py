"""A gap in an office's schedule, the patients who could fill it, and the rules that rank them.

No model has a part in this: the same input and rules always give the same ranking.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from pipeline.analyses.gap_optimization.local_time import WrittenDate, WrittenTime, ZoneName, instant
from pipeline.definitions import StrictModel

Identifier = Annotated[str, Field(pattern="^[A-Za-z0-9._:-]{1,64}$")]
Label = Annotated[str, Field(min_length=1, max_length=100)]
Duration = Annotated[int, Field(strict=True, ge=5, le=720)]
"""Minutes: from a word with the hygienist to a day in theatre."""
Notice = Annotated[int, Field(strict=True, ge=0, le=43_200)]
"""Minutes, up to 30 days."""
Weight = Annotated[float, Field(ge=0, le=100)]
Threshold = Annotated[int, Field(ge=1, le=525_600)]
"""Minutes, up to a year."""
Share = Annotated[float, Field(ge=0, le=1)]

GapType = Literal["past", "immediate", "same_day", "short_notice", "standard", "advance"]
Exclusion = Literal[
    "gap_past", "procedure_too_long", "notice_too_short", "not_available", "too_many_no_shows", "too_far"
]
PRIORITIES = {"low": 0.0, "normal": 0.35, "high": 0.7, "urgent": 1.0}
UNKNOWN = 0.5
"""The share of a factor of which nothing is known: neither for the patient nor against."""


class Office(StrictModel):
    id: Identifier
    name: Label | None = None
    timezone: ZoneName = Field(description="IANA name. Times without an offset are on this office's wall.")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Gap(StrictModel):
    starts_at: WrittenTime
    duration_minutes: Duration
    reported_at: WrittenTime | None = Field(None, description="When it became known. Default: job accepted.")
    provider: Label | None = None
    kind: Label | None = Field(None, description="What had been booked, such as hygiene or crown.")


class Patient(StrictModel):
    """A candidate, known by id alone: ranking and explaining need no name, so none reaches the model."""

    id: Identifier
    procedure_minutes: Duration
    priority: Literal["low", "normal", "high", "urgent"] = "normal"
    available_from: WrittenTime | None = None
    available_until: WrittenTime | None = None
    min_notice_minutes: Notice | None = Field(None, description="Default: by the business rules.")
    waiting_since: WrittenDate | None = Field(None, description="On the waiting list since; none: not on it.")
    no_show_count: int = Field(0, strict=True, ge=0, le=1_000)
    distance_km: float | None = Field(None, strict=True, ge=0, le=20_100)


class Weights(StrictModel):
    """The weight of each factor. Only the proportions matter."""

    priority: Weight = 0.30
    fit: Weight = 0.25
    waiting: Weight = 0.20
    reliability: Weight = 0.15
    proximity: Weight = 0.10

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not any(self.model_dump().values()):
            raise ValueError("at least one weight must be above 0")
        return self


class GapRules(StrictModel):
    """A gap's type is the first whose threshold its notice stays below; ``advance`` is the rest.

    Thresholds are elapsed minutes, so ``same_day`` means within 24 hours, not on one date: no zone and no
    clock change makes a difference.
    """

    immediate_below_minutes: Threshold = 120
    same_day_below_minutes: Threshold = 1_440
    short_notice_below_minutes: Threshold = 4_320
    standard_below_minutes: Threshold = 20_160
    min_notice_minutes: Notice = 60
    """For patients without a value in the request."""
    max_no_shows: int = Field(3, ge=0, le=1_000)
    """A patient with more is excluded."""
    max_distance_km: float = Field(100, gt=0, le=20_100)
    """More exclude a patient; proximity falls to 0 on the way there."""
    full_wait_days: int = Field(180, ge=1, le=3_650)
    """Waiting for this long, or longer, is a share of 1."""
    weights: Weights = Weights()

    @model_validator(mode="after")
    def _increasing(self) -> Self:
        if any(lower >= higher for (_, lower), (_, higher) in pairwise(self.thresholds())):
            raise ValueError("thresholds must increase: immediate, same_day, short_notice, standard")
        return self

    def thresholds(self) -> tuple[tuple[GapType, int], ...]:
        return (
            ("immediate", self.immediate_below_minutes),
            ("same_day", self.same_day_below_minutes),
            ("short_notice", self.short_notice_below_minutes),
            ("standard", self.standard_below_minutes),
        )


class Factors(StrictModel):
    """0 is worst, 1 is best."""

    priority: Share
    fit: Share
    waiting: Share
    reliability: Share
    proximity: Share


class Assessment(StrictModel):
    patient_id: str
    rank: int | None = Field(description="1 is the best; null: not eligible.")
    score: Share
    eligible: bool
    exclusions: tuple[Exclusion, ...]
    factors: Factors


class Ranking(StrictModel):
    gap_type: GapType
    notice_minutes: int = Field(description="From the report of the gap to its start.")
    lead_minutes: int = Field(description="From the report or the acceptance of the job, the later, to it.")
    starts_at: datetime = Field(description="UTC.")
    patients: tuple[Assessment, ...] = Field(description="The eligible by rank, then the others by score.")


def rank(office: Office, gap: Gap, patients: Sequence[Patient], created_at: datetime, rules: GapRules) -> Ranking:
    """Classify the gap and order the patients; equal scores go by id.

    Notice, which gives the type, counts from the report. What is still possible counts from
    ``created_at`` if that is later: a gap reported in time may have passed before anyone asked. Both are
    whole minutes, rounded down. Raises ``ValueError`` for a wall time that is not one instant (see
    ``instant``).
    """
    starts, created = instant(gap.starts_at, office.zone), created_at.astimezone(UTC)
    reported = instant(gap.reported_at, office.zone) if gap.reported_at else created
    now = max(created, reported)
    notice, lead = ((starts - since) // timedelta(minutes=1) for since in (reported, now))
    gap_type: GapType = "past"
    if starts > now:
        gap_type = next((name for name, below in rules.thresholds() if notice < below), "advance")

    def assess(patient: Patient) -> Assessment:
        exclusions = tuple(_exclusions(office, gap, patient, gap_type, lead, rules))
        factors = _factors(gap, patient, now.astimezone(office.zone), rules)
        return Assessment(
            patient_id=patient.id,
            rank=None,
            score=_score(factors, rules.weights),
            eligible=not exclusions,
            exclusions=exclusions,
            factors=factors,
        )

    order = sorted(map(assess, patients), key=lambda each: (not each.eligible, -each.score, each.patient_id))
    return Ranking(
        gap_type=gap_type,
        notice_minutes=notice,
        lead_minutes=lead,
        starts_at=starts,
        patients=tuple(
            each.model_copy(update={"rank": place}) if each.eligible else each
            for place, each in enumerate(order, start=1)
        ),
    )


def _exclusions(
    office: Office, gap: Gap, patient: Patient, gap_type: GapType, lead: int, rules: GapRules
) -> Iterator[Exclusion]:
    if gap_type == "past":
        yield "gap_past"
    if patient.procedure_minutes > gap.duration_minutes:
        yield "procedure_too_long"
    own = patient.min_notice_minutes
    if gap_type != "past" and lead < (rules.min_notice_minutes if own is None else own):
        yield "notice_too_short"
    opens = starts = instant(gap.starts_at, office.zone)
    closes = starts + timedelta(minutes=gap.duration_minutes)
    if patient.available_from:
        opens = max(opens, instant(patient.available_from, office.zone))
    if patient.available_until:
        closes = min(closes, instant(patient.available_until, office.zone))
    if closes - opens < timedelta(minutes=min(patient.procedure_minutes, gap.duration_minutes)):
        yield "not_available"
    if patient.no_show_count > rules.max_no_shows:
        yield "too_many_no_shows"
    if (patient.distance_km or 0) > rules.max_distance_km:
        yield "too_far"


def _factors(gap: Gap, patient: Patient, now: datetime, rules: GapRules) -> Factors:
    waited = (now.date() - patient.waiting_since).days if patient.waiting_since else 0
    distance = patient.distance_km
    return Factors(
        priority=PRIORITIES[patient.priority],
        fit=_share(patient.procedure_minutes / gap.duration_minutes),
        waiting=_share(waited / rules.full_wait_days),
        reliability=_share(1 - patient.no_show_count / (rules.max_no_shows + 1)),
        proximity=UNKNOWN if distance is None else _share(1 - distance / rules.max_distance_km),
    )


def _score(factors: Factors, weights: Weights) -> float:
    parts: dict[str, float] = weights.model_dump()
    return _share(sum(parts[name] * share for name, share in factors) / sum(parts.values()))


def _share(value: float) -> float:
    """Clamp to 0..1 and round, so that what looks equal is a tie."""
    return round(min(max(value, 0.0), 1.0), 4)
