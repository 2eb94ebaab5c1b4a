"""Strings and numbers that fit a schema, drawn from the material where one fits."""

import hashlib
import math
import re
import uuid
from collections.abc import Iterator
from datetime import date

from bedrock_emulator.documents import Document
from bedrock_emulator.material import Source, is_id_name
from bedrock_emulator.patterns import string_for
from bedrock_emulator.sentences import sentences, shorten

_NUMBER = re.compile(r"(?<![\w.-])-?\$?\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?<![\w.-])-?\$?\d+(?:\.\d+)?(?!\w)")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_US_DATE = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
_CLOCK = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)\b")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"https?://[^\s\"'<>]*[\w/]")
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_STRICT_FORMATS = frozenset(  # no sentence matches these
    ["date", "date-time", "time", "duration", "email", "uuid", "uri", "url", "ipv4", "ipv6", "hostname"]
)
_EPOCH = "1970-01-01"  # a date that no input contains by chance


def string_value(name: str, schema: Document, source: Source) -> tuple[str, bool]:
    """A valid string, and whether it comes from the material."""
    for candidate in _string_candidates(name, schema, source):
        if candidate and _string_fits(candidate, schema):
            return candidate, True
    return _made_up(name, schema, source), False


def number_value(name: str, schema: Document, source: Source, whole: bool) -> tuple[float, bool]:
    """A valid number, and whether it comes from the material."""
    low, high, step = _bounds(schema, whole)
    given = source.values.get(name)
    if isinstance(given, int | float) and not isinstance(given, bool) and _number_fits(given, low, high, step):
        return _as_number(given, whole), True
    for match in _NUMBER.findall(source.text):
        number = float(match.replace("$", "").replace(",", ""))
        if _number_fits(number, low, high, step):
            return _as_number(number, whole), True
    anchor = low if math.isfinite(low) else min(0.0, high)
    return _as_number(_snap(max(anchor, min(0.0, high)), low, high, step), whole), False


def _string_candidates(name: str, schema: Document, source: Source) -> Iterator[str | None]:
    limit = schema.get("maxLength")
    given = source.values.get(name)
    if isinstance(given, str):
        yield given
        yield shorten(given, limit)
    form = schema.get("format")
    if form is not None:
        yield from _of_format(form, source.text)
        if form in _STRICT_FORMATS:
            return
    if is_id_name(name):
        yield from source.ids()
        return
    yield from (shorten(sentence, limit) for sentence in sentences(source.text))
    if "pattern" in schema:
        yield from _matches(schema["pattern"], source.text)


def _of_format(form: str, text: str) -> Iterator[str]:
    for found in _ISO_DATE.finditer(text):
        yield from _dated(form, int(found[1]), int(found[2]), int(found[3]), text)
    for month, day, year in _US_DATE.findall(text):
        yield from _dated(form, int(year), int(month), int(day), text)
    patterns = {"email": _EMAIL, "uri": _URL, "url": _URL, "uuid": _UUID}
    if form in patterns:
        yield from patterns[form].findall(text)


def _dated(form: str, year: int, month: int, day: int, text: str) -> Iterator[str]:
    try:
        found = date(year, month, day).isoformat()
    except ValueError:
        return
    if form == "date":
        yield found
    elif form == "date-time":
        clock = _CLOCK.search(text)
        yield f"{found}T{int(clock[1]):02}:{clock[2]}:00Z" if clock else f"{found}T00:00:00Z"


def _made_up(name: str, schema: Document, source: Source) -> str:
    """A valid string that the material does not contain; always the same one."""
    seed = hashlib.sha256(f"{name}\n{source.text}".encode()).hexdigest()
    fixed = {
        "date": _EPOCH,
        "date-time": f"{_EPOCH}T00:00:00Z",
        "time": "00:00:00Z",
        "email": "unknown@example.com",
        "uri": "https://example.com/",
        "url": "https://example.com/",
        "uuid": str(uuid.UUID(seed[:32], version=4)),
        "ipv4": "192.0.2.1",
        "ipv6": "2001:db8::1",
        "hostname": "example.com",
        "duration": "P1D",
    }
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if schema.get("format") in fixed:
        return fixed[schema["format"]]
    if "pattern" in schema:
        made = string_for(schema["pattern"], least)
        if made is not None:
            return made
    text = shorten(seed[:12] if is_id_name(name) else "unknown", most)
    filler = " ".join(source.text.split()) or "unknown"
    while len(text) < least:
        text = f"{text} {filler}"
    return text if most is None else text[: max(least, most)]


def _matches(pattern: str, text: str) -> Iterator[str]:
    """Parts of the text that match an anchored pattern: the anchors are moved to word boundaries."""
    loose = pattern.removeprefix("^").removesuffix("$")
    try:
        for match in re.finditer(rf"(?<!\w)(?:{loose})(?!\w)", text):
            yield match.group()
    except re.error:
        return


def _string_fits(text: str, schema: Document) -> bool:
    if not schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", math.inf):
        return False
    try:
        return "pattern" not in schema or re.search(schema["pattern"], text) is not None
    except re.error:
        return True


def _bounds(schema: Document, whole: bool) -> tuple[float, float, float]:
    """Inclusive lower and upper bound, and the step between allowed values (0: any)."""
    step = float(schema.get("multipleOf", 1 if whole else 0))
    if whole and step and not step.is_integer():
        step = float(math.lcm(1, round(step * 1000))) if step * 1000 % 1 == 0 else 1.0
    nudge = step or 1e-6
    low, high = float(schema.get("minimum", -math.inf)), float(schema.get("maximum", math.inf))
    if isinstance(schema.get("exclusiveMinimum"), int | float):
        low = max(low, schema["exclusiveMinimum"] + nudge)
    if isinstance(schema.get("exclusiveMaximum"), int | float):
        high = min(high, schema["exclusiveMaximum"] - nudge)
    return low, high, step


def _snap(value: float, low: float, high: float, step: float) -> float:
    if not step:
        return round(min(max(value, low), high), 6)
    snapped = round(value / step) * step
    if snapped < low:
        snapped = math.ceil(low / step) * step
    if snapped > high:
        snapped = math.floor(high / step) * step
    return round(snapped, 9)


def _number_fits(value: float, low: float, high: float, step: float) -> bool:
    return low <= value <= high and (not step or math.isclose(value / step, round(value / step), abs_tol=1e-9))


def _as_number(value: float, whole: bool) -> float:
    return int(value) if whole else value
