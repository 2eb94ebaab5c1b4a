"""Choosing among the labels of an enum, by what the text talks about."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

from bedrock_emulator.associations import companions_of
from bedrock_emulator.words import content_stems, stem_set

# Labels that grade instead of naming a topic, from the weakest grade to the strongest.
_GRADES = (
    stem_set("none no negligible trivial informational"),
    stem_set("low minor p4 weak calm routine"),
    stem_set("medium moderate normal standard average neutral mixed p3"),
    stem_set("high major elevated strong urgent p2"),
    stem_set("critical severe highest emergency immediate extreme blocker p1"),
)
_PRESSING = stem_set(
    "urgent urgently immediate immediately asap emergency deadline foreclosure foreclose evict "
    "eviction lawsuit sue court garnish stolen theft fraud fraudulent identity unauthorized hacked "
    "scam threat threaten harass homeless medical hospital desperate severe critical down outage "
    "breach attorney legal police drained"
)
_GOOD = stem_set("thank great good happy excellent love pleased helpful resolved satisfied perfect")
_BAD = stem_set(
    "bad terrible awful angry upset worst never refuse denied wrong error fraud harass unfair rude "
    "hate fail problem unacceptable frustrated disappointed illegal incorrect scam stolen violation"
)


def rank_labels(labels: Sequence[str], text: str) -> list[tuple[float, str]]:
    """The labels with their scores, the best first; equal scores fall in a stable order."""
    stems = Counter(content_stems(text))
    graded = _graded(labels, stems) or _by_feeling(labels, stems)
    scores = graded or _by_topic(labels, stems)
    seed = crc32(text.encode())
    ranked = ((score, label) for label, score in scores.items())
    return sorted(ranked, key=lambda pair: (-pair[0], crc32(f"{seed}{pair[1]}".encode())))


def pressure(text: str) -> float:
    """How pressing a text sounds: 0 for calm, 1 for very."""
    stems = content_stems(text)
    cues = {stem for stem in stems if stem in _PRESSING}
    shouting = len(re.findall(r"!|\b[A-WYZ]{4,}\b", text))
    return min(1.0, len(cues) / 6 + min(shouting, 8) / 40)


def _by_topic(labels: Sequence[str], text: Counter[str]) -> dict[str, float]:
    """Overlap of a label's words, and of the words that go with them, with the text."""
    scores: dict[str, float] = {}
    for label, (weights, length) in _weighted(tuple(labels)).items():
        scores[label] = sum(w * math.log1p(text[word]) for word, w in weights.items() if word in text) / length
    return scores


@lru_cache(maxsize=256)
def _weighted(labels: tuple[str, ...]) -> dict[str, tuple[dict[str, float], float]]:
    """For each label the weights of its words and of their companions, and the label's length to divide by.

    Words that few labels share count more; long labels do not win by length; the head of a label (before its
    first comma) counts more than its tail.
    """
    words = {label: frozenset(content_stems(label)) for label in labels}
    companions = {label: companions_of(stems) for label, stems in words.items()}
    spread = Counter(word for part in (words, companions) for stems in part.values() for word in stems)
    table: dict[str, tuple[dict[str, float], float]] = {}
    for label in labels:
        head = set(content_stems(re.split(r"[,(:]| or ", label)[0]))
        rarity = {word: math.log(1 + len(labels) / spread[word]) for word in words[label] | companions[label]}
        own = {word: rarity[word] * (1.0 if word in head else 0.6) for word in words[label]}
        beside = {word: 0.5 * rarity[word] for word in companions[label]}
        table[label] = own | beside, math.sqrt(sum(own.values())) or 1.0
    return table


def _graded(labels: Sequence[str], text: Counter[str]) -> dict[str, float]:
    """Scores for low/medium/high and their like; empty when the labels are no grades."""
    grades = {label: grade for label in labels if (grade := _grade(label)) is not None}
    if len(grades) < max(2, len(labels) - 1):
        return {}
    cues = sum(1 for stem in text if stem in _PRESSING)
    low, high = min(grades.values()), max(grades.values())
    wanted = low + (high - low) * min(1.0, cues / 4)
    return {label: 1 / (1 + abs(grades.get(label, -9) - wanted)) for label in labels}


def _grade(label: str) -> int | None:
    stems = content_stems(label) or [label.lower()]
    return next((i for i, grade in enumerate(_GRADES) if stems[0] in grade or label.lower() in grade), None)


def _by_feeling(labels: Sequence[str], text: Counter[str]) -> dict[str, float]:
    """Scores for positive/negative/neutral/mixed; empty when the labels are something else."""
    lowered = {label: label.lower() for label in labels}
    if not {"positive", "negative"} <= set(lowered.values()):
        return {}
    good, bad = (sum(text[stem] for stem in cues) for cues in (_GOOD, _BAD))
    scale = {
        "positive": good - bad,
        "negative": bad - good,
        "neutral": 1 - abs(good - bad),
        "mixed": min(good, bad) - 1,
    }
    return {label: float(scale.get(low, -99)) for label, low in lowered.items()}
