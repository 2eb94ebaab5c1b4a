"""Words, light stems, and the sentences of a text."""

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Za-z][A-Za-z']*|\d+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<![. ][A-Z]\.)[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\s*\n\s*\n\s*|\s*\n\s*(?=[-*\d])"
)
_ENDINGS = re.compile(r"(ations?|ating|ments?|ings?|ied|ies|ors|ers|ed|es|or|er|s|e|y)$")
_LONGEST_SENTENCE = 400  # characters; a complaint without a full stop is cut at commas beyond this

_STOP_WORDS = (
    "a about after again all also am an and any are as at be because been before being but by can "
    "could did do does doing don down during each few for from further had has have having he her "
    "here hers him his how i if in into is it its just me more most my no nor not now of off on once "
    "only or other our out over own same she should so some such than that the their them then there "
    "these they this those through to too under until up upon us very was we were what when where "
    "which while who whom why will with would you your xx xxx xxxx"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A word without its common English ending: reports, reported and reporting are all `report`."""
    word = word.lower().replace("'", "")
    ending = _ENDINGS.search(word, 3)
    if ending:
        word = word[: ending.start()]
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls" else word


@lru_cache(maxsize=4096)
def content_stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words, in order, without stop words; names_like_this and likeThis are split."""
    words = _WORD.findall(_CAMEL.sub(" ", text.replace("_", " ").replace("-", " ")))
    return tuple(stem(word) for word in words if word.lower() not in STOP_WORDS)


def stem_set(words: str) -> frozenset[str]:
    """The stems of the words in a string, for lists of words in code."""
    return frozenset(stem(word) for word in words.split())


def sentences(text: str) -> list[str]:
    """The sentences of a text in order, none empty, each at most some 400 characters."""
    found: list[str] = []
    for part in _SENTENCE_END.split(text):
        sentence = " ".join(part.split())
        while len(sentence) > _LONGEST_SENTENCE:
            cut = max(sentence.rfind(mark, 80, _LONGEST_SENTENCE) for mark in ("; ", ", ", " "))
            cut = cut if cut > 0 else _LONGEST_SENTENCE
            found.append(sentence[: cut + 1].strip())
            sentence = sentence[cut + 1 :].strip()
        if sentence:
            found.append(sentence)
    return found


def shorten(text: str, limit: int | None) -> str:
    """A text cut to `limit` characters, at a word boundary where there is one."""
    if limit is None or len(text) <= limit:
        return text
    cut = text[: limit + 1].rsplit(" ", 1)[0] if " " in text[1:limit] else text[:limit]
    return cut.rstrip(" ,;:-") or text[:limit]
