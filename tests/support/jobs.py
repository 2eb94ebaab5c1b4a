"""Jobs for tests: a small analysis, and requests for it."""

from typing import Any
from uuid import UUID, uuid4

from pipeline.definitions.analysis import plain_analysis
from pipeline.jobs.domain.job import NewJob
from pipeline.jobs.domain.job_config import JobConfig, RequestedParameters, resolve_job_config
from pipeline.models.catalogue import shipped_catalogue
from pipeline.models.prompt import Prompt
from pipeline.models.stage_config import StageConfig
from pipeline.platform.strict_model import StrictModel
from pydantic import Field


class Note(StrictModel):
    """The input."""

    text: str = Field(min_length=1, max_length=100)


class Mood(StrictModel):
    """The output."""

    mood: str = Field(max_length=20)
    score: int = Field(ge=0, le=10)


MOOD = plain_analysis(
    name="mood",
    description="Classifies the mood of a note.",
    input_model=Note,
    output_model=Mood,
    prompt=lambda note: Prompt("You judge notes.", note.text),
)
ANALYSES = {"mood": MOOD}


def config(model: str = "haiku", stage: StageConfig | None = None) -> JobConfig:
    """A pinned configuration."""
    return resolve_job_config(stage or StageConfig(), shipped_catalogue().find(model), MOOD, RequestedParameters(), {})


def new_job(
    *,
    key: str | None = None,
    tenant: str = "a",
    fingerprint: bytes = b"f" * 32,
    job_id: UUID | None = None,
    **fields: Any,
) -> NewJob:
    """A job that has passed every check."""
    return NewJob(
        id=job_id or uuid4(),
        tenant_id=tenant,
        idempotency_key=key,
        request_fingerprint=fingerprint,
        analysis="mood",
        input={"text": "Größe 💶"},
        metadata={"ticket": "A-17"},
        config=fields.get("config") or config(),
    )
