"""Fault plans: an ordered list of rules, each with a match and a fault.

{"seed": 7, "rules": [
    {"match": {"operation": "Converse", "calls": "1-3"}, "fault": {"throttle": true}},
    {"match": {"contains": "A-17"}, "times": 1, "fault": {"hang": true}},
    {"probability": 0.1, "fault": {"latency_ms": 2000}}]}
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bedrock_emulator.documents import Document
from bedrock_emulator.errors import PlanError
from bedrock_emulator.service_model import EMULATED

ACCEPTED_FAULTS = (
    '{"throttle": true}',
    '{"error": "ServiceUnavailableException", "message": "...", "mid_stream": false}',
    '{"latency_ms": 500} (alone, or beside any other fault)',
    '{"hang": true} (also "timeout")',
    '{"hang_up": "before" | "middle"}',
    '{"invalid_json": "missing" | "type" | "extra"}',
    '{"not_a_tool": true}',
    '{"truncate": true}',
    '{"stop_reason": "guardrail_intervened"}',
    '{"answer": "text" or {tool input}}',
)
_KINDS = ("throttle", "error", "hang", "hang_up", "invalid_json", "not_a_tool", "truncate", "stop_reason", "answer")
_CALLS = re.compile(r"every [1-9]\d*|[1-9]\d*(-([1-9]\d*)?)?")
StopReason = Literal[
    "end_turn",
    "tool_use",
    "max_tokens",
    "stop_sequence",
    "guardrail_intervened",
    "content_filtered",
    "malformed_model_output",
    "malformed_tool_use",
    "model_context_window_exceeded",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _not_false(value: Any) -> Any:
    """`false` is the same as leaving the fault out."""
    return None if value is False else value


class Fault(_Strict):
    """One kind of fault, or latency alone. Faults of the answer have no effect on InvokeModel and CountTokens."""

    throttle: Annotated[Literal[True] | None, BeforeValidator(_not_false)] = None
    error: str | None = None
    message: str | None = None
    mid_stream: bool = False
    latency_ms: int | None = Field(default=None, ge=0, le=3_600_000)
    hang: Annotated[Literal[True] | None, BeforeValidator(_not_false)] = Field(
        default=None, validation_alias=AliasChoices("hang", "timeout")
    )
    hang_up: Literal["before", "middle"] | None = None
    invalid_json: Literal["missing", "type", "extra"] | None = None
    not_a_tool: Annotated[Literal[True] | None, BeforeValidator(_not_false)] = None
    truncate: Annotated[Literal[True] | None, BeforeValidator(_not_false)] = None
    stop_reason: StopReason | None = None
    answer: str | Document | None = None

    @field_validator("error")
    @classmethod
    def _known_code(cls, code: str | None, info: ValidationInfo) -> str | None:
        codes = (info.context or {}).get("error_codes", [])
        if code is not None and codes and code not in codes:
            raise ValueError(f"{code} is not an error of the service. Its errors are {', '.join(codes)}")
        return code

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = self.kinds()
        if len(given) > 1:
            raise ValueError(f"a rule has one fault, not {' and '.join(given)}")
        if not given and self.latency_ms is None:
            raise ValueError("a rule needs a fault")
        if self.message is not None and given not in (["error"], ["throttle"]):
            raise ValueError("message goes with error or throttle")
        if self.mid_stream and given not in (["error"], ["throttle"]):
            raise ValueError("mid_stream goes with error or throttle")
        return self

    def kinds(self) -> list[str]:
        return [kind for kind in _KINDS if getattr(self, kind) is not None]


class Match(_Strict):
    """Conditions that must all hold. `model` and `contains` are parts of the model id and of the user's text.

    `calls` counts the calls for which the rest of the match holds.
    """

    operation: Literal[EMULATED] | None = None  # type: ignore[valid-type]
    model: str | None = None
    contains: str | None = None
    calls: str | None = None

    @field_validator("calls")
    @classmethod
    def _readable(cls, calls: str | None) -> str | None:
        if calls is not None and not _CALLS.fullmatch(calls):
            raise ValueError('calls is "2", "1-3", "4-" or "every 5"')
        return calls

    def holds_for_number(self, number: int) -> bool:
        """Whether the rule applies to the matching call with this number, counted from 1."""
        if self.calls is None:
            return True
        if self.calls.startswith("every "):
            return number % int(self.calls.removeprefix("every ")) == 0
        first, dash, last = self.calls.partition("-")
        return int(first) <= number <= (int(last) if last else number if dash else int(first))


class Rule(_Strict):
    match: Match = Match()
    probability: float = Field(default=1.0, ge=0, le=1)
    times: int | None = Field(default=None, ge=1)
    fault: Fault


class Plan(_Strict):
    seed: int = 0
    rules: list[Rule] = []


def read_plan(data: Any, error_codes: list[str]) -> Plan:
    """A plan from parsed JSON. Raises PlanError with the mistakes and the accepted forms."""
    try:
        return Plan.model_validate(data, context={"error_codes": error_codes})
    except ValidationError as exc:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'plan'}: {e['msg']}" for e in exc.errors())
        raise PlanError(f"Invalid fault plan. {wrong}. Accepted faults: {', '.join(ACCEPTED_FAULTS)}") from exc
