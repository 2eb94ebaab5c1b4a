"""The body of ``POST /analyze``."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue

from pipeline.jobs.domain.job_config import RequestedParameters
from pipeline.platform.strict_model import StrictModel

MAX_BODY_BYTES = 2_500_000
"""Longest accepted body; a longer one is refused before it is parsed. The longest document has 200,000 characters,
which JSON may escape as 12 bytes each. Lambda's own limit is 6 MB."""

MAX_METADATA_BYTES = 4_096
"""``metadata`` holds the caller's identifiers, not documents."""


def _small(metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(json.dumps(metadata, ensure_ascii=False).encode()) > MAX_METADATA_BYTES:
        raise ValueError(f"metadata is longer than {MAX_METADATA_BYTES} bytes of JSON")
    return metadata


class AnalyzeRequest(StrictModel):
    """A request for an analysis."""

    analysis: Annotated[str, Field(min_length=1, max_length=100)]
    """The name of an analysis."""
    input: dict[str, Any]
    """The document, in the analysis's input model."""
    model: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Alias or id. Default: the choice of the analysis, then of the stage."""
    parameters: RequestedParameters = RequestedParameters()
    metadata: Annotated[dict[str, JsonValue], AfterValidator(_small)] = Field(default_factory=dict)
    """Returned with the status, and not interpreted."""
