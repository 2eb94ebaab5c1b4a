"""Jobs' ids and message groups, and the bounds of a request's metadata."""

from uuid import UUID

import pytest
from pipeline.jobs.domain.job import JobMessage, JobStatus, job_id_of
from pipeline.jobs.domain.request import AnalyzeRequest
from pydantic import ValidationError

ID = UUID("6b0f3f0e-8f0f-4f6e-9a3a-0d6f1c1d7b52")


@pytest.mark.parametrize("text", [str(ID), str(ID).upper()])
def test_an_id_is_read_without_regard_to_case(text: str) -> None:
    assert job_id_of(text) == ID


@pytest.mark.parametrize("text", [ID.hex, f"{{{ID}}}", f"urn:uuid:{ID}", f" {ID}", str(ID)[:-1], "", "0"])
def test_another_notation_is_no_id(text: str) -> None:
    """A job has one URL."""
    assert job_id_of(text) is None


def test_a_group_keeps_tenants_apart_and_reveals_none() -> None:
    groups = [JobMessage.of(ID, tenant).group for tenant in ("a", "b", "arn:aws:iam::111122223333:user/ann")]
    assert len(set(groups)) == 3
    assert all(group and group.isalnum() and len(group) <= 128 for group in groups)  # the limit of SQS
    assert JobMessage.of(UUID(int=1), "a").group == groups[0]


def test_three_states_are_final() -> None:
    assert {status for status in JobStatus if status.final} == {
        JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED,
    }  # fmt: skip


def test_metadata_are_measured_in_bytes_as_they_are_stored() -> None:
    def request(characters: int) -> AnalyzeRequest:
        return AnalyzeRequest(analysis="mood", input={}, metadata={"x": "é" * characters})

    assert request(2_040)  # 4,080 bytes, which JSON may also write as 12,240
    with pytest.raises(ValidationError, match="4,096"):
        request(2_050)


def test_a_fingerprint_is_the_same_in_every_release() -> None:
    """A retry with its Idempotency-Key may arrive after a deploy that added a field."""
    body = {"analysis": "mood", "input": {"text": "Größe"}, "metadata": {"b": 1, "a": [True, None, 0.5]}}
    digest = AnalyzeRequest.model_validate(body).fingerprint
    assert (int.from_bytes(digest[:4]), len(digest)) == (3653934801, 32)
