"""Chat calls that are recorded before they are made, within the stage's limits."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

from pipeline.models.calls import CallDenied, CallOutcome, CallOwner, PlannedCall, max_cost_usd
from pipeline.models.chat import ChatAnswer, ChatRequest
from pipeline.models.errors import ModelCallDenied, ModelError
from pipeline.models.ports import CallLedger, ChatModel
from pipeline.models.prices import Usage
from pipeline.models.prompt_cache import metered_prefix
from pipeline.models.stage_config import Limits
from pipeline.platform.errors import Unavailable
from pipeline.platform.observability import log


class LedgeredChat:
    """The chat calls of one owner. ``answers`` counts its answers so far; ``usage`` and ``cost_usd`` sum them up."""

    def __init__(
        self, model: ChatModel, ledger: CallLedger, limits: Limits, owner: CallOwner, *, slot_margin_s: float
    ) -> None:
        self._model = model
        self._ledger = ledger
        self._limits = limits
        self._owner = owner
        self._slot_margin_s = slot_margin_s
        self.answers = 0
        self.usage = Usage()
        self.cost_usd = Decimal(0)

    def ask(self, request: ChatRequest) -> ChatAnswer:
        """Make one call and settle it. Raises ModelError, ModelCallDenied among them, and Unavailable."""
        call, request = self._begin(request)
        try:
            answer = self._model.ask(request)
        except ModelError as exc:
            # An alarm counts these lines, by error_type.
            log.warning("model call failed", owner_id=self._owner.id, error_type=type(exc).__name__, reason=exc.reason)
            cost = None if exc.billed else Decimal(0)
            self._end(call, CallOutcome(exc.reason, Usage(), cost, healthy=False if exc.unhealthy else None))
            raise
        cost_usd = request.model.price.of_call(answer.usage)
        self.answers += 1
        self.usage += answer.usage
        self.cost_usd += cost_usd
        self._end(call, CallOutcome("answered", answer.usage, cost_usd, healthy=True))
        return answer

    def _begin(self, request: ChatRequest) -> tuple[PlannedCall, ChatRequest]:
        """The recorded call, and its request with the prefix marked only if that pays."""
        call = PlannedCall(
            id=uuid4(),
            owner=self._owner,
            model_id=request.model.id,
            max_cost_usd=max_cost_usd(request),
            slot_s=self._model.longest_call_s + self._slot_margin_s,
            prefix=metered_prefix(request),
        )
        begun = self._ledger.begin(call, self._limits)
        if isinstance(begun, CallDenied):
            raise ModelCallDenied(begun.reason.value, begun.retry_after_s)
        if call.prefix and not begun.marks_prefix:
            request = replace(request, prompt_caching=False)
        return call, request

    def _end(self, call: PlannedCall, outcome: CallOutcome) -> None:
        try:
            self._ledger.end(call.id, outcome)
        except Unavailable as exc:
            # The answer is worth more than its record: the reservation stays spent, and the slot expires.
            owner = self._owner
            log.error("call not settled", exc, purpose=owner.purpose, owner_id=owner.id, outcome=outcome.outcome)
