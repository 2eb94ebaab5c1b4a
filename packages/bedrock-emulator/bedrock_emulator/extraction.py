"""Strings that are taken from the material: the sentences that fit a property best."""

import re
from collections import Counter
from collections.abc import Sequence

from bedrock_emulator.words import content_stems, sentences, shorten, stem_set

_OVERVIEW = stem_set(
    "summary overview description abstract gist synopsis text content narrative note detail answer "
    "response analysis explanation reasoning rationale paragraph"
)
_WISH = stem_set(
    "want wants wish request requested desired resolution remedy outcome demand ask goal action "
    "expectation need expected next"
)
_TITLE = stem_set("title subject headline heading caption topic label name")
_WISH_CUES = stem_set(
    "want request please refund remove need would ask demand require fix correct delete hope expect "
    "should resolve return reimburse must help stop desire investigate update compensation"
)
_BY_NAME: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = (
    (stem_set("email mail"), re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")),
    (stem_set("url link website uri"), re.compile(r"https?://[^\s\"'<>]*[\w/]")),
    (stem_set("phone telephone mobile fax"), re.compile(r"\+?\d[\d\s().-]{6,}\d")),
    (stem_set("amount price cost balance fee total"), re.compile(r"[$€£]\s?\d[\d,]*(?:\.\d+)?")),
    (stem_set("date day"), re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{2,4}")),
    (stem_set("time"), re.compile(r"\d{1,2}:\d\d(?::\d\d)?")),
)


def central_sentences(text: str, count: int) -> list[str]:
    """The sentences that carry most of the text's recurring words, best first."""
    found = list(dict.fromkeys(sentences(text)))
    weight = Counter(content_stems(text))

    def centrality(index: int) -> float:
        stems = content_stems(found[index])
        if not stems:
            return 0.0
        # Early sentences are helped a little: people say first what it is about.
        return _density(found[index], stems, weight) * (1.15 if index < 2 else 1.0)

    order = sorted(range(len(found)), key=lambda index: (-centrality(index), index))
    return [found[index] for index in order[:count]]


def best_string(name: str, description: str, text: str, limit: int | None) -> str | None:
    """The part of the text that answers to a property's name and description; None when nothing does."""
    stems = set(content_stems(name))
    for names, pattern in _BY_NAME:
        if stems & names:
            match = pattern.search(text)
            return shorten(match.group().strip(), limit) if match else None
    if not text.strip():
        return None
    if stems & _WISH:
        return _fitting(_ranked(text, content_stems(description), _WISH_CUES, 3.0), limit)
    if stems & _OVERVIEW:
        return _in_order(central_sentences(text, 2), text, limit)
    if stems & _TITLE:
        return shorten(central_sentences(text, 1)[0], min(limit or 80, 80)) if sentences(text) else None
    return _fitting(_ranked(text, content_stems(f"{name} {name} {description}"), frozenset(), 0.0), limit)


def several_strings(name: str, description: str, text: str, count: int, limit: int | None) -> list[str]:
    """Up to `count` different sentences for a list property, in the order of the text."""
    cues = _WISH_CUES if set(content_stems(name)) & _WISH else frozenset()
    ranked = _ranked(text, content_stems(f"{name} {description}"), cues, 3.0)[:count]
    ranked.sort(key=text.find)
    return list(dict.fromkeys(shorten(sentence, limit) for sentence in ranked))


def _ranked(text: str, query: Sequence[str], cues: frozenset[str], cue_weight: float) -> list[str]:
    found = sentences(text)
    weight = Counter(content_stems(text))
    asked = Counter(query)

    def score(index: int) -> float:
        stems = content_stems(found[index])
        if not stems:
            return -1.0
        matched = sum(asked[stem] for stem in set(stems)) / (1 + sum(asked.values()))
        cued: float = cue_weight * len(cues.intersection(stems)) / (2 + len(stems) ** 0.5)
        return 2 * matched + cued + _density(found[index], stems, weight)

    return [found[index] for index in sorted(range(len(found)), key=lambda i: (-score(i), i))]


def _density(sentence: str, stems: Sequence[str], weight: Counter[str]) -> float:
    """How much a sentence is made of the text's recurring words.

    Fragments are held back, and so are sentences that repeat themselves or are mostly redacted (XXXX).
    """
    mean = sum(weight[stem] for stem in stems) / len(stems) / (weight.total() or 1)
    variety = len(set(stems)) / max(len(sentence.split()), 1)
    return mean * min(1.0, len(stems) / 8) * min(1.0, 2 * variety)


def _fitting(ranked: Sequence[str], limit: int | None) -> str | None:
    return shorten(ranked[0], limit) if ranked else None


def _in_order(chosen: list[str], text: str, limit: int | None) -> str | None:
    ordered = sorted(chosen, key=lambda sentence: text.find(sentence[:40]))
    joined = " ".join(ordered)
    if limit is not None and len(joined) > limit and chosen:
        joined = chosen[0]
    return shorten(joined, limit) if joined else None
