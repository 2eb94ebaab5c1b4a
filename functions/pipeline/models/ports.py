"""The ports of the models seam. Adapters implement them; tests have fakes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from pipeline.models.calls import CallBegun, CallDenied, CallOutcome, PlannedCall
from pipeline.models.catalogue import Model
from pipeline.models.chat import ChatAnswer, ChatRequest
from pipeline.models.prices import Usage
from pipeline.models.stage_config import ConfigAndRules, Limits


class ChatModel(Protocol):
    """Models that answer in words or call a tool."""

    def ask(self, request: ChatRequest) -> ChatAnswer:
        """Make one call. Raises ModelError."""

    @property
    def longest_call_s(self) -> float:
        """The longest time in seconds that a call waits for the model's first byte, connecting included."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors in the order of their texts, each of the model's dimension."""

    vectors: tuple[tuple[float, ...], ...]
    usage: Usage


class EmbeddingModel(Protocol):
    """Models that turn texts into vectors."""

    def embed(self, model: Model, texts: Sequence[str]) -> Embeddings:
        """Make one call. Raises ModelError."""

    @property
    def longest_call_s(self) -> float:
        """The longest time in seconds that a call waits for the model's first byte, connecting included."""


class CallLedger(Protocol):
    """The record of all model calls, and the limits within which they are made. Its methods raise Unavailable."""

    def begin(self, call: PlannedCall, limits: Limits) -> CallBegun | CallDenied:
        """Record the call and reserve its slot and its cost, or return why it may not be made now.

        All or nothing, across all workers of the stage. Beginning the same call a second time changes nothing and
        returns the same.
        """

    def end(self, call_id: UUID, outcome: CallOutcome) -> None:
        """Record the outcome, free the slot and settle the cost. A second time changes nothing."""

    def stage_spending(self) -> Decimal:
        """US dollars that the whole stage has spent or reserved since midnight UTC."""


class StageConfigSource(Protocol):
    """The stage's configuration, at most a few minutes old."""

    def current(self) -> ConfigAndRules:
        """The configuration and the business rules. Raises Unavailable and ConfigurationError."""
