"""How many tokens a text has in a model's vocabulary, estimated from runs of one kind of character.

A table in place of a vocabulary, which is megabytes and takes seconds to load. Its numbers are a fit (2026-11-28) to
the counts of ctok 1.3.0, a reconstruction of Claude's tokenizers, on complaints, program text, numbers and the messages
of Django in seventeen languages; `tests/test_vocabularies.py` compares other texts with ctok.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

type Vocabulary = Literal["claude-3", "claude-4.7"]

USUAL: Vocabulary = "claude-3"
"""Of Claude up to 4.6, and near enough to that of other vendors."""

# Every repetition in a lookahead is bounded: a hostile text must not make it scan the rest at each position.
_RUN = re.compile(
    r"""
    (?P<base64>(?=[\w+/=-]{0,23}[0-9])(?=[\w+/=-]{0,23}[A-Z])(?=[\w+/=-]{0,23}[a-z])[A-Za-z0-9+/_=-]{24,})
    |(?P<hex>(?=[0-9a-f-]{0,15}[0-9])(?=[0-9a-f-]{0,15}[a-f])[0-9a-f-]{8,})
    |(?P<lower>[a-z]+)
    |(?P<title>[A-Z][a-z]+)
    |(?P<upper>[A-Z]+)
    |(?P<digits>[0-9]+)
    |(?P<accent>[\u00c0-\u024f\u1e00-\u1eff])
    |(?P<han>[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)
    |(?P<hiragana>[\u3040-\u309f]+)
    |(?P<katakana>[\u30a0-\u30ff\uff66-\uff9f]+)
    |(?P<stop>[\u3000-\u303f\uff00-\uff65])
    |(?P<hangul>[\uac00-\ud7af\u1100-\u11ff]+)
    |(?P<arabic>[\u0600-\u06ff\u0750-\u077f]+)
    |(?P<cyrillic>[\u0400-\u052f]+)
    |(?P<greek>[\u0370-\u03ff]+)
    |(?P<hebrew>[\u0590-\u05ff]+)
    |(?P<thai>[\u0e00-\u0e7f]+)
    |(?P<indic>[\u0900-\u0dff]+)
    |(?P<line>\s*\n\s*)
    |(?P<gap>\s{2,})
    |(?P<space>\s)
    |(?P<ruler>([-=*\#._~])\23{3,})
    |(?P<mark>[!-/:-@\[-`{-~])
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Rate:
    """Tokens of a run: `first`, and `more` for each character beyond the first `free` ones."""

    first: float
    more: float = 0.0
    free: int = 1

    def tokens(self, length: int) -> float:
        return self.first + self.more * max(0, length - self.free)


_RATES: dict[Vocabulary, dict[str, Rate]] = {
    "claude-3": {
        "base64": Rate(0, 0.87, free=0),
        "hex": Rate(0, 0.65, free=0),
        "lower": Rate(0.91, 0.19, free=4),
        "title": Rate(2.01, 0.3, free=4),
        "upper": Rate(0.45, 0.52),
        "digits": Rate(1.41, 0.34),
        "accent": Rate(0.89),
        "han": Rate(0, 1.07, free=0),
        "hiragana": Rate(0, 0.78, free=0),
        "katakana": Rate(0, 0.57, free=0),
        "stop": Rate(1.63),
        "hangul": Rate(1.07, 1.55),
        "arabic": Rate(1.27, 0.65),
        "cyrillic": Rate(0.83, 0.36),
        "greek": Rate(1.53, 0.64),
        "hebrew": Rate(1.1, 0.77),
        "thai": Rate(0, 1, free=0),
        "indic": Rate(0, 0.87, free=0),
        "gap": Rate(1.65, 0),
        "ruler": Rate(1.83, 0.03),
        "mark": Rate(0.63),
        "line": Rate(0, 0.15),
        "space": Rate(0),
    },
    "claude-4.7": {
        "base64": Rate(0, 0.95, free=0),
        "hex": Rate(0, 0.71, free=0),
        "lower": Rate(1.02, 0.42, free=4),
        "title": Rate(3.19, 0.48, free=4),
        "upper": Rate(0.5, 1.1),
        "digits": Rate(1.35, 0.34),
        "accent": Rate(0.84),
        "han": Rate(0, 1.06, free=0),
        "hiragana": Rate(0, 0.77, free=0),
        "katakana": Rate(0, 0.59, free=0),
        "stop": Rate(1.61),
        "hangul": Rate(0.97, 1.59),
        "arabic": Rate(1.26, 0.65),
        "cyrillic": Rate(0.81, 0.37),
        "greek": Rate(1.73, 0.6),
        "hebrew": Rate(1.12, 0.76),
        "thai": Rate(0, 0.99, free=0),
        "indic": Rate(0, 0.87, free=0),
        "gap": Rate(1.47, 0.29),
        "ruler": Rate(0.9, 0.09),
        "mark": Rate(0.73),
        "line": Rate(0, 0.18),
        "space": Rate(0),
    },
}
_PER_BYTE: dict[Vocabulary, float] = {"claude-3": 0.64, "claude-4.7": 0.77}
"""Tokens for each byte of UTF-8 of a character outside of these runs, such as an emoji."""


# Texts repeat their words, and a word's runs are found once. Longer pieces, such as a page of Chinese, are not kept.
_WORD = re.compile(r"\S+|\s{2,}|\n")
_LONGEST_KEPT = 40  # characters


def tokens_of(text: str, vocabulary: Vocabulary) -> float:
    """The estimate for a text, with its fraction."""
    return sum(
        _tokens_of_word(word, vocabulary) if len(word) <= _LONGEST_KEPT else _counted(word, vocabulary)
        for word in _WORD.findall(text)
    )


def runs(text: str, vocabulary: Vocabulary) -> Iterator[tuple[int, int, float]]:
    """A text in runs of one kind of character, in order: start, length, tokens."""
    rates, per_byte = _RATES[vocabulary], _PER_BYTE[vocabulary]
    for match in _RUN.finditer(text):
        kind, (start, end) = match.lastgroup or "other", match.span()
        if kind == "other":
            yield start, 1, per_byte * len(match.group().encode(errors="replace"))
        else:
            yield start, end - start, rates[kind].tokens(end - start)


@lru_cache(maxsize=65536)
def _tokens_of_word(word: str, vocabulary: Vocabulary) -> float:
    return _counted(word, vocabulary)


def _counted(text: str, vocabulary: Vocabulary) -> float:
    return sum(tokens for _, _, tokens in runs(text, vocabulary))
