"""The bounds of a stage's configuration."""

import pytest
from pipeline.models.stage_config import Limits, StageConfig
from pydantic import ValidationError


@pytest.mark.parametrize("limit", ["daily_usd", "daily_usd_per_tenant"])
def test_a_daily_limit_may_be_zero_but_not_negative(limit: str) -> None:
    assert Limits.model_validate({limit: 0})
    with pytest.raises(ValidationError):
        Limits.model_validate({limit: "-0.01"})


@pytest.mark.parametrize(
    ("model", "field", "lowest", "highest"),
    [
        ("limits", "max_tokens", 1, None),
        ("limits", "concurrent_model_calls", 1, 1000),
        ("limits", "queued_jobs_per_tenant", 1, None),
        ("limits", "daily_jobs_per_tenant", 1, None),
        ("limits", "daily_input_bytes_per_tenant", 1, None),
        ("llm", "temperature", 0, 1),
        ("llm", "top_p", 0, 1),
        ("llm", "max_tokens", 1, 6_000),
    ],
)
def test_the_values_of_a_stage_have_bounds(model: str, field: str, lowest: int, highest: int | None) -> None:
    def accepted(value: int) -> bool:
        llm = {"max_tokens": 1}
        try:
            StageConfig.model_validate({"llm": llm} | {model: {**(llm if model == "llm" else {}), field: value}})
        except ValidationError:
            return False
        return True

    assert accepted(lowest)
    assert not accepted(lowest - 1)
    if highest is not None:
        assert accepted(highest)
        assert not accepted(highest + 1)


def test_the_default_of_max_tokens_fits_the_limit_of_the_stage() -> None:
    with pytest.raises(ValidationError, match=r"limits\.max_tokens, 3999"):
        StageConfig.model_validate({"limits": {"max_tokens": 3_999}})
    assert StageConfig.model_validate({"limits": {"max_tokens": 4_000}})
