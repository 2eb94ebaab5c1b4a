"""Prompt caching pays: it is used where it can, and costs at most 5 % more than none, whenever calls come."""

import heapq
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pipeline import analyses
from pipeline.jobs.domain.job_config import RequestedParameters, resolve_job_config
from pipeline.jobs.services.first_request import first_request
from pipeline.models.calls import CallBegun, CallOutcome, CallOwner, PlannedCall
from pipeline.models.catalogue import shipped_catalogue
from pipeline.models.chat import ChatRequest, Tool, UserText
from pipeline.models.converse import converse_request
from pipeline.models.ledgered_chat import LedgeredChat
from pipeline.models.prices import Usage
from pipeline.models.prompt_cache import PromptPrefix, metered_prefix, min_prefix_tokens, with_prompt_caching
from pipeline.models.stage_config import Limits, StageConfig

from tests.support.fakes import FakeClock, InMemoryCallLedger, ScriptedModel, text_answer

SONNET, HAIKU, NOVA = (shipped_catalogue().find(alias) for alias in ("sonnet", "haiku", "balanced"))
COMPLAINT = analyses.load()["complaint-triage"]
WRITE, READ = Decimal("1.25"), Decimal("0.1")
"""The prices of a prefix of Claude relative to input."""
CLAUDE = PromptPrefix(uuid4(), Decimal("3.6"))


def of_complaint(model: str, text: str = "They call me at work.", **llm: Any) -> ChatRequest:
    """The first request of a complaint's analysis."""
    stage = StageConfig.model_validate({"llm": llm})
    config = resolve_job_config(stage, stage.catalogue.find(model), COMPLAINT, RequestedParameters(), {})
    prompt = COMPLAINT.prompt(COMPLAINT.input_model.model_validate({"narrative": text}), None)  # type: ignore[arg-type]
    return first_request(config, prompt, COMPLAINT, {"job_id": str(uuid4())})


@pytest.mark.parametrize(
    ("model", "llm", "marked"),
    [
        ("sonnet", {}, True),
        ("sonnet", {"prompt_caching": False}, False),
        ("haiku", {}, False),  # demands 4,096 tokens
        ("balanced", {}, True),
    ],
)
def test_a_long_prefix_is_marked_unless_the_stage_forbids_it(model: str, llm: dict[str, Any], marked: bool) -> None:
    request = of_complaint(model, **llm)
    assert request.prompt_caching is marked
    assert ({"cachePoint": {"type": "default"}} in converse_request(request)["system"]) is marked


def test_a_prefix_is_marked_from_the_models_shortest_length_on() -> None:
    for words in (1023, 1024):
        request = ChatRequest(SONNET, "word " * words, (UserText("Hello."),), None, {"maxTokens": 10})
        assert with_prompt_caching(request).prompt_caching is (words == 1024)
    ended = SONNET.model_copy(update={"prompt_cache_minimum_tokens": None})
    assert not with_prompt_caching(replace(request, model=ended)).prompt_caching


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("You triage complaints.", 3),
        ("!!! ???  ...", 0),
        ("supercalifragilisticexpialidocious", 2),
        ("\u6295\u8bc9" * 40, 4),
        ("a_field-name", 2),
    ],
)
def test_the_length_of_a_prefix_is_a_lower_bound(text: str, tokens: int) -> None:
    tool = Tool("t", "Record it.", {"type": "object"})
    request = ChatRequest(SONNET, text, (UserText("not counted"),), None, {"maxTokens": 10})
    assert min_prefix_tokens(request) == tokens
    assert min_prefix_tokens(replace(request, tool=tool)) == tokens + 4


def test_a_prefix_is_known_by_everything_but_the_document() -> None:
    one = metered_prefix(of_complaint("sonnet"))
    assert one == metered_prefix(of_complaint("sonnet", "Another complaint."))
    assert one is not None
    assert one.writes_per_read == Decimal("3.6")
    request = of_complaint("sonnet")
    others = [
        replace(request, system=request.system + " Be brief."),
        replace(request, tool=replace(request.tool, description="Another")),  # type: ignore[type-var]
        replace(request, model=shipped_catalogue().find("global.anthropic.claude-sonnet-5-5")),
        replace(request, service_tier="flex"),
    ]
    known = [metered_prefix(other) for other in others]
    assert len({prefix.id for prefix in known if prefix} | {one.id}) == 5


def test_a_write_that_costs_no_more_than_input_needs_no_account() -> None:
    request = of_complaint("balanced")
    assert request.prompt_caching
    assert metered_prefix(request) is None


def test_the_second_call_is_sent_with_a_marked_prefix_and_the_first_without() -> None:
    ledger = InMemoryCallLedger(FakeClock())
    model = ScriptedModel([text_answer("fine")] * 4)
    request = of_complaint("sonnet")
    for tenant in "ab":  # one account for all tenants
        chat = LedgeredChat(model, ledger, Limits(), CallOwner("job", uuid4(), tenant, 1), slot_margin_s=15)
        chat.ask(request)
    chat.ask(of_complaint("balanced"))
    marks = [{"cachePoint": {"type": "default"}} in sent["system"] for sent in model.requests]
    assert marks == [False, True, True]


@dataclass(order=True)
class Arrival:
    """A call that begins ``at``, takes so many seconds, and is served in a region."""

    at: float
    seconds: float = field(compare=False)
    region: int = field(compare=False)


class Bedrock:
    """The prompt cache of each region, for one prefix."""

    def __init__(self) -> None:
        self._readable: dict[int, tuple[float, float]] = {}

    def reads(self, call: Arrival) -> bool:
        """Whether a marked call that ends now reads the prefix; otherwise it writes it."""
        since, until = self._readable.get(call.region, (math.inf, 0.0))
        found = since <= call.at < until
        end = call.at + call.seconds
        self._readable[call.region] = (since if call.at < until else end, max(until, end + 300))
        return found


def costs(arrivals: Iterable[Arrival]) -> Iterator[Decimal]:
    """The cost of each call's prefix with the rule of the ledger, relative to one that is not cached."""
    clock, bedrock = FakeClock(), Bedrock()
    ledger = InMemoryCallLedger(clock)
    start = clock()
    in_progress: list[tuple[float, int, Arrival, PlannedCall]] = []

    def finish(until: float) -> Iterator[Decimal]:
        while in_progress and in_progress[0][0] <= until:
            _, _, arrival, call = heapq.heappop(in_progress)
            read = bedrock.reads(arrival)
            usage = Usage(cache_read_tokens=3000) if read else Usage(cache_write_tokens=3000)
            ledger.end(call.id, CallOutcome("answered", usage, Decimal(1), healthy=True))
            del ledger.calls[call.id]  # the fake looks at every call that it knows
            yield READ if read else WRITE

    for number, arrival in enumerate(sorted(arrivals)):
        yield from finish(arrival.at)
        clock.forward(arrival.at - (clock() - start).total_seconds())
        call = PlannedCall(uuid4(), CallOwner("job", uuid4(), "a", 1), "m", Decimal(1), 140.0, CLAUDE)
        begun = ledger.begin(call, Limits())
        assert isinstance(begun, CallBegun)
        if begun.marks_prefix:
            heapq.heappush(in_progress, (arrival.at + arrival.seconds, number, arrival, call))
        else:
            del ledger.calls[call.id]
            yield Decimal(1)
    yield from finish(math.inf)


def repeated(pattern: Iterable[float], times: int, pause: float, seconds: float = 5, regions: int = 1) -> list[Arrival]:
    """A pattern of times that comes again after a pause, served in each region in turn."""
    points = list(pattern)
    every = points[-1] + pause
    at = [round_ * every + point for round_ in range(times) for point in points]
    return [Arrival(when, seconds, number % regions) for number, when in enumerate(at)]


ARRIVALS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.1, 4.9, 60.0, 294.0, 299.0, 301.0, 3600.0]),
        st.sampled_from([0.5, 5.0, 110.0]),
        st.integers(0, 2),
    ),
    max_size=60,
).map(lambda steps: [Arrival(sum(gap for gap, _, _ in steps[: n + 1]), s, r) for n, (_, s, r) in enumerate(steps)])


@settings(max_examples=150, deadline=None)
@given(ARRIVALS)
@example(repeated([0, 299], 60, 4000))  # the second writes what nothing reads
@example(repeated([0], 60, 299, regions=60))  # no region has it
@example(repeated([0] * 60, 3, 4000))  # at once
@example(repeated([0, 60, 120], 60, 301))
def test_caching_costs_at_most_5_percent_more_than_none(arrivals: list[Arrival]) -> None:
    total = sum(costs(arrivals))
    assert total <= Decimal("1.05") * len(arrivals) + Decimal("0.5")


@pytest.mark.parametrize(
    ("arrivals", "per_call"),
    [
        (repeated([0], 100, 10), "0.121"),
        (repeated([0], 100, 301), "1.0"),
        (repeated([0, 1], 100, 4000), "1.055"),
        (repeated([0] * 10, 100, 6), "0.12"),  # ten workers, without a pause
        (repeated([0], 100, 10, regions=3), "0.16"),
    ],
    ids=["every 10 s", "every 301 s", "pairs", "ten at once", "three regions"],
)
def test_the_cost_of_a_prefix(arrivals: list[Arrival], per_call: str) -> None:
    assert sum(costs(arrivals)) / len(arrivals) <= Decimal(per_call)


@pytest.mark.parametrize("share", [0.05, 0.109, 0.217, 0.5, 0.9])
def test_the_expected_cost_when_calls_come_at_random(share: float) -> None:
    """``share`` of the calls come within five minutes of the one before."""
    draw, rate = random.Random(11), -math.log(1 - share) / 300  # noqa: S311 - the same in every run
    at, arrivals = 0.0, []
    for _ in range(4000):
        at += draw.expovariate(rate)
        arrivals.append(Arrival(at, 0.01, 0))
    gain = float(WRITE - READ)
    expected = 1 + share * (float(WRITE) - 1 - share * gain)
    assert float(sum(costs(arrivals))) / 4000 == pytest.approx(expected, abs=0.02)
