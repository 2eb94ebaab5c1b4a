"""Embeddings of texts: hashed words and character n-grams.

Texts that share words or word parts share coordinates, so similar texts have similar vectors. Nothing is learnt:
two texts with one meaning in different words are far apart.
"""

import math
from collections import Counter
from zlib import crc32

from bedrock_emulator.words import content_stems


def vector_of(text: str, dimensions: int, *, unit: bool = True) -> list[float]:
    """The vector of a text, of length one unless `unit` is false."""
    vector = _counted(text, dimensions)
    length = math.sqrt(sum(x * x for x in vector)) or 1.0 if unit else 1.0
    return [round(x / length, 9) for x in vector]


def _counted(text: str, dimensions: int) -> list[float]:
    features: Counter[str] = Counter()
    for word in content_stems(text) or [text.lower()]:
        features[word] += 3
        padded = f"<{word}>"
        for size in (3, 4):
            features.update(padded[i : i + size] for i in range(len(padded) - size + 1))
    vector = [0.0] * dimensions
    for feature, count in features.items():
        digest = crc32(feature.encode())
        # Frequent features grow slowly, so one repeated word does not drown the others.
        vector[digest % dimensions] += math.log1p(count) * (1 if digest & 0x80000000 else -1)
    return vector
