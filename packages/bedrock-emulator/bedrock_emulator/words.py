"""The words of a text as stems, for embeddings."""

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Za-z][A-Za-z']*|\d+")
_ENDINGS = re.compile(r"(ations?|ating|ments?|ings?|ied|ies|ors|ers|ed|es|or|er|s|e|y)$")
_STOP_WORDS = (
    "a about after all also am an and any are as at be because been before but by can could did do does for from "
    "had has have he her his how i if in into is it its me more my no not now of on only or our out so some such "
    "than that the their them then there they this to up very was we were what when which who will with would "
    "you your"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())


def content_stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words, in order, without stop words."""
    return tuple(_stem(word) for word in _WORD.findall(text) if word.lower() not in STOP_WORDS)


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    """A word without its common English ending: reports, reported and reporting are all `report`."""
    word = word.lower().replace("'", "")
    ending = _ENDINGS.search(word, 3)
    if ending:
        word = word[: ending.start()]
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls" else word
