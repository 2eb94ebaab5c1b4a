"""The sentences of a text."""

import re

_END = re.compile(r"(?<=[.!?])(?<![. ][A-Z]\.)[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\s*\n\s*\n\s*|\s*\n\s*(?=[-*\d])")
_LONGEST = 400  # characters; text without a full stop is cut at commas beyond this


def sentences(text: str) -> list[str]:
    """The distinct sentences of a text in order, none empty, each at most some 400 characters."""
    found: list[str] = []
    for part in _END.split(text):
        sentence = " ".join(part.split())
        while len(sentence) > _LONGEST:
            cut = max(sentence.rfind(mark, 80, _LONGEST) for mark in ("; ", ", ", " "))
            cut = cut if cut > 0 else _LONGEST
            found.append(sentence[: cut + 1].strip())
            sentence = sentence[cut + 1 :].strip()
        if sentence:
            found.append(sentence)
    return list(dict.fromkeys(found))


def shorten(text: str, limit: int | None) -> str:
    """A text cut to `limit` characters, at a word boundary where there is one."""
    if limit is None or len(text) <= limit:
        return text
    cut = text[: limit + 1].rsplit(" ", 1)[0] if " " in text[1:limit] else text[:limit]
    return cut.rstrip(" ,;:-") or text[:limit]
