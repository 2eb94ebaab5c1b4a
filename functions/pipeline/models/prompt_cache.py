"""When a call marks the constant beginning of its prompt, the prefix, for Bedrock's prompt cache.

Bedrock keeps a marked prefix until it has not been used for five minutes. Relative to the price of input, Claude's
prefixes cost w = 1.25 to write and r = 0.1 to read; a prefix that is not marked costs 1. A write therefore loses 0.25,
and each read after it gains 0.9.

The rule: a call marks its prefix if an earlier call with it began in the last five minutes, and if the prefix's account
has a write left. The account is a row of ``prompt_prefixes``, and counts writes. It begins with 2, and each call adds
1/5. A call that marks its prefix takes 1. When it ends it gives the 1 back, unless it wrote the prefix or its cost is
unknown; if it read the prefix, it also adds its gain, 0.9 / 0.25 = 3.6. Nova's writes cost no more than input, so its
prefixes are always marked and have no account.

The bound: the account is never negative. So n calls lose at most 2 + n/5 writes beyond the gain of their reads: they
cost at most 5 % more than without caching, plus half a prefix. This holds for any arrival times, for any number of
concurrent calls, and if Bedrock never finds what it wrote: a cache belongs to one region, and a cross-region profile
chooses the region.

The expectation: let calls arrive at random, and q be the share that arrives within five minutes of the one before. A
call costs 1 without caching, w - q (w - r) if every call marks its prefix, and 1 + q (w - 1 - q (w - r)) with the rule.
The rule is cheaper than no caching from q = 0.22 on (three calls an hour), and at worst 1.4 % dearer (at half of that).
"""

import hashlib
import json
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from pipeline.models.chat import ChatRequest
from pipeline.models.converse import converse_request

WORD = re.compile(r"\w{1,20}")
"""Up to 20 letters or digits: about the longest that a tokenizer makes one token of."""
NOT_OF_THE_PREFIX = ("messages", "inferenceConfig", "requestMetadata")
"""Fields of a Converse request that change from call to call."""


@dataclass(frozen=True, slots=True)
class PromptPrefix:
    """A prefix that is marked only while that pays."""

    id: UUID
    """The first half of a SHA-256: of the text, and of everything else that Bedrock may keep caches apart by."""
    writes_per_read: Decimal
    """The gain of a read relative to the loss of a write."""


def with_prompt_caching(request: ChatRequest) -> ChatRequest:
    """The request with its prefix marked, if reads are cheaper and the prefix is as long as the model demands.

    Bedrock ignores the mark on a shorter prefix, or refuses it (reports of both, 2026-08).
    """
    minimum, price = request.model.prompt_cache_minimum_tokens, request.model.price
    worth_it = minimum is not None and price.cache_read < price.input and min_prefix_tokens(request) >= minimum
    return replace(request, prompt_caching=worth_it)


def min_prefix_tokens(request: ChatRequest) -> int:
    """Lower bound of the tokens of tool and system prompt: their words, of which long ones count for more.

    Tokenizers split a text between words before anything else. Punctuation does not count: it may be part of a word's
    token. The bound is about half of the tokens of English, and a tenth of those of Chinese.
    """
    texts = [request.system]
    if request.tool:
        texts += [request.tool.description, json.dumps(dict(request.tool.input_schema), ensure_ascii=False)]
    return sum(map(_words, texts))


@lru_cache(maxsize=16)  # the same few texts come with every call
def _words(text: str) -> int:
    return len(WORD.findall(text))


def metered_prefix(request: ChatRequest) -> PromptPrefix | None:
    """The marked prefix of a request; ``None`` if none is marked, or if a write costs no more than input."""
    price = request.model.price
    loss, gain = price.cache_write - price.input, price.input - price.cache_read
    if not request.prompt_caching or loss <= 0:
        return None
    body = converse_request(replace(request, turns=()))
    kept = {name: value for name, value in body.items() if name not in NOT_OF_THE_PREFIX}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).digest()
    return PromptPrefix(UUID(bytes=digest[:16]), round(gain / loss, 4))
