"""Tokens and prices."""

from dataclasses import dataclass
from decimal import Decimal

from pipeline.platform.strict_model import StrictModel

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more model calls, as Bedrock counted them.

    ``input_tokens`` excludes tokens read from or written to the prompt cache: these have their own rates.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )


class Rates(StrictModel):
    """US dollars per million tokens, on demand, standard tier."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal


class LongPromptRates(Rates):
    """The rates of a whole call whose prompt is longer than ``above_input_tokens``."""

    above_input_tokens: int


class Price(Rates):
    """The prices of a model."""

    long_prompt: LongPromptRates | None = None

    def of_call(self, usage: Usage) -> Decimal:
        """US dollars for ONE call: the long-prompt rates depend on the prompt of the single call."""
        prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        long_prompt = self.long_prompt
        rates = long_prompt if long_prompt and prompt > long_prompt.above_input_tokens else self
        return (
            rates.input * usage.input_tokens
            + rates.output * usage.output_tokens
            + rates.cache_read * usage.cache_read_tokens
            + rates.cache_write * usage.cache_write_tokens
        ) / MILLION
