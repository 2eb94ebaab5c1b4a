"""The body of ``POST /analyze``."""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue
from pydantic_core import to_json

from pipeline.jobs.domain.job_config import RequestedParameters
from pipeline.platform.strict_model import StrictModel

MAX_BODY_BYTES = 2_500_000
"""Longest accepted body; a longer one is refused before it is parsed. The longest document has 200,000 characters,
which JSON may escape as 12 bytes each. Lambda's own limit is 6 MB."""

MAX_TEXT_BYTES = 850_000
"""The same with each ``\\uXXXX`` escape counted as one byte. The longest document takes 800,000 in UTF-8."""

MAX_ELEMENTS = 5_000
"""Most values of arrays and objects. The largest input of an analysis, 50 patients, has about 1,000."""

MAX_METADATA_BYTES = 4_096
"""``metadata`` holds the caller's identifiers, not documents. Its length is that of compact JSON in UTF-8, whatever
white space and escapes the request has."""


def _small(metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if (size := len(to_json(metadata))) > MAX_METADATA_BYTES:
        raise ValueError(f"metadata takes {size:,} bytes as compact JSON; the limit is {MAX_METADATA_BYTES:,}")
    return metadata


class AnalyzeRequest(StrictModel):
    """A request for an analysis."""

    analysis: Annotated[str, Field(min_length=1, max_length=100)]
    """The name of an analysis."""
    input: dict[str, Any]
    """The document, in the analysis's input model."""
    model: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Alias or id. Default: the choice of the analysis, then of the stage."
    )
    parameters: RequestedParameters = RequestedParameters()
    metadata: Annotated[dict[str, JsonValue], AfterValidator(_small)] = Field(
        default_factory=dict,
        description=f"Returned with the status. As compact JSON at most {MAX_METADATA_BYTES:,} bytes.",
    )

    @cached_property
    def fingerprint(self) -> bytes:
        """SHA-256 of the request's content: order, white space and explicit defaults do not matter."""
        content = self.model_dump(mode="json", exclude_defaults=True)
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).digest()
