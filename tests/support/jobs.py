"""Jobs to test with: a tiny analysis, and requests for it."""

from typing import Any
from uuid import UUID, uuid4

from analysis.domain.analysis import Closed, Prompt, plain_analysis
from analysis.domain.configuration import JobConfig, RequestedParameters, StageConfig, pin
from analysis.domain.job import NewJob
from analysis.domain.models import shipped_catalogue
from pydantic import Field


class Note(Closed):
    """The input."""

    text: str = Field(min_length=1, max_length=100)


class Mood(Closed):
    """The output."""

    mood: str = Field(max_length=20)
    score: int = Field(ge=0, le=10)


MOOD = plain_analysis(
    name="mood",
    description="Says how a note sounds.",
    input_model=Note,
    output_model=Mood,
    prompt=lambda note: Prompt("You judge notes.", note.text),
)
ANALYSES = {"mood": MOOD}


def config(model: str = "haiku", stage: StageConfig | None = None) -> JobConfig:
    """A pinned configuration."""
    return pin(stage or StageConfig(), shipped_catalogue().find(model), MOOD, RequestedParameters(), {})


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
