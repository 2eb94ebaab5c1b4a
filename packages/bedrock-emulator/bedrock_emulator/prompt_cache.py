"""Prompt caching as cachePoint blocks ask for it: a prefix is written once and read for a while after."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bedrock_emulator.documents import Document
from bedrock_emulator.model_table import ModelRules
from bedrock_emulator.tokens import request_parts

LIFETIME_SECONDS = {"5m": 300.0, "1h": 3600.0}
_MOST_PREFIXES = 2000


@dataclass(frozen=True)
class InputTokens:
    """`plain` were neither read from the cache nor written to it; `written_as` is the time to live asked for."""

    plain: int
    read: int = 0
    written: int = 0
    written_as: str = "5m"

    @property
    def total(self) -> int:
        return self.plain + self.read + self.written


@dataclass(frozen=True)
class _Entry:
    readable_from: float
    expires: float


class PromptCache:
    """Prefixes by model and content. Times are those of `now`."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def count(self, model_id: str, model: ModelRules, parameters: Document, began: float | None = None) -> InputTokens:
        """Counts a request's input tokens when it is answered, reading and writing the cache on the way.

        A prefix shorter than the model's minimum is not cached, and that is no error. A request reads what was written
        before it `began`: the service shows a prefix once an answer begins, so that requests at the same time all write
        it.
        """
        minimum = model.cache_minimum or 0
        total, read, longest, ttl = 0, 0, 0, "5m"
        digest = hashlib.sha256(model_id.encode())
        for text, tokens, cache_point in request_parts(parameters, model.vocabulary):
            total += tokens
            digest.update(f"\0{text}".encode())
            if cache_point is not None and total >= minimum:
                longest, ttl = total, cache_point.get("ttl", "5m")
                if self._touch(digest.hexdigest(), LIFETIME_SECONDS[ttl], self._now() if began is None else began):
                    read = total
        return InputTokens(total - longest, read, longest - read, ttl)

    def _touch(self, key: str, lifetime: float, began: float) -> bool:
        """Whether the prefix was cached when the request began; from now on it is, for its whole lifetime again."""
        now, entry = self._now(), self._entries.pop(key, None)
        kept = entry if entry and entry.expires > began else None
        self._entries[key] = _Entry(kept.readable_from if kept else now, now + lifetime)
        if len(self._entries) > _MOST_PREFIXES:
            self._entries.popitem(last=False)
        return kept is not None and kept.readable_from <= began
