"""A refused body costs 20 ms of CPU at most, whatever it holds: a caller must not get seconds for a refusal."""

import json
import time
from base64 import b64encode
from typing import Any

import pytest
from pipeline.jobs.domain.request import MAX_BODY_BYTES, MAX_ELEMENTS, MAX_TEXT_BYTES
from pipeline.jobs.handlers import api

from tests.support.api_harness import CONTEXT, GOOD, Harness
from tests.support.events import analyze_event

MAX_CPU_S = 0.020
LONGEST = MAX_BODY_BYTES - 100
TEXT = MAX_TEXT_BYTES - 100
"""The longest text that is parsed."""
MOST = MAX_ELEMENTS - 100
"""The most elements that are parsed."""


def document(text: str) -> str:
    """A request whose document has the JSON ``text`` where it should have a short string."""
    return '{"analysis": "mood", "input": {"text": §}}'.replace("§", text)


def array(element: str, count: int) -> str:
    return f"[{','.join([element] * count)}]"


def repeated(piece: str, length: int) -> str:
    """A JSON string of about ``length`` bytes."""
    return '"' + piece * (length // len(piece.encode())) + '"'


def names(count: int) -> dict[str, int]:
    return {f"name-{number}": 1 for number in range(count)}


SENT_AS_TEXT = {
    "long arrays": document(array("[]", LONGEST // 3)),
    "long nested arrays": document(array("[[1]]", LONGEST // 6)),
    "long objects": document(array('{"a":1}', LONGEST // 8)),
    "long strings": document(array('"a"', LONGEST // 4)),
    "long literals": document(array("true", LONGEST // 5)),
    "long names": json.dumps({**GOOD, **names(150_000)}),
    "arrays": document(array("[]", MOST // 2)),
    "objects": document(array('{"a":1}', MOST // 2)),
    "strings": document(array('"a"', MOST)),
    "floats": document(array("1e308", MOST)),
    "integers of 40 digits": document(array("9" * 40, MOST)),
    "integers of 4,000 digits": document(array("9" * 4_000, TEXT // 4_001)),
    "one integer": document("9" * TEXT),
    "one float": document("0." + "9" * (TEXT - 2)),
    "unknown names": json.dumps({**GOOD, **names(MOST)}),
    "unknown names of the document": json.dumps({"analysis": "mood", "input": names(MOST)}),
    "names of metadata": json.dumps({**GOOD, "metadata": names(MOST)}),
    "a thousand long names": json.dumps({**GOOD, **{f"{number:0800}": 1 for number in range(1_000)}}),
    "deep arrays": "[" * LONGEST,
    "deep objects": '{"a":' * (MOST // 2),
    "deep values": document(array("[" * 190 + "]" * 190, MOST // 192)),
    "a long text": document(repeated("x", LONGEST)),
    "a text": document(repeated("x", TEXT)),
    "a text of emoji": document(repeated("\N{GRINNING FACE}", TEXT)),
    "a text of commas": document(repeated(",", TEXT)),
    "a text of quotes": document(repeated('\\"', TEXT)),
    "a text of line ends": document(repeated("\\n", TEXT)),
    "a text of U+0000": document(repeated("\\u0000", LONGEST // 2)),
    "a text of escapes": document(repeated("\\u00e9", LONGEST // 2)),
    "many U+0000": document(array('"\\u0000"', MOST)),
    "a text of an unknown analysis": document(repeated("x", TEXT)).replace("mood", "nope"),
    "a text of metadata": json.dumps({**GOOD, "metadata": {"a": "x" * TEXT}}),
    "a name": json.dumps({**GOOD, "x" * TEXT: 1}),
    "blanks": " " * LONGEST,
    "quotes": '"' * LONGEST,
    "commas": "," * LONGEST,
    "backslashes": "\\" * LONGEST,
    "an open string": '{"a": "' + "x" * TEXT,
    "too long": "x" * (2 * MAX_BODY_BYTES),
}
SENT_IN_BASE64 = {
    "no UTF-8": b"\xff" * TEXT,
    "no UTF-8 at the end": b'{"a": "' + b"x" * TEXT + b"\xff",
    "UTF-16": json.dumps({"a": "x" * (TEXT // 2)}).encode("utf-16"),
    "long": b"\xff" * LONGEST,
}


def cpu_of(event: dict[str, Any]) -> float:
    start = time.process_time()
    api.handler(event, CONTEXT)
    return time.process_time() - start


def assert_cheap(harness: Harness, event: dict[str, Any]) -> None:
    harness.refused(event)
    # The best of several runs: the others share the processor with other work.
    assert min(cpu_of(event) for _ in range(5)) < MAX_CPU_S


@pytest.mark.parametrize("body", SENT_AS_TEXT.values(), ids=SENT_AS_TEXT)
def test_a_refused_body_is_cheap(harness: Harness, body: str) -> None:
    assert_cheap(harness, analyze_event(body))


@pytest.mark.parametrize("body", SENT_IN_BASE64.values(), ids=SENT_IN_BASE64)
def test_a_refused_body_of_bytes_is_cheap(harness: Harness, body: bytes) -> None:
    assert_cheap(harness, {**analyze_event(b64encode(body).decode()), "isBase64Encoded": True})


def test_very_many_invalid_fields_are_counted(harness: Harness) -> None:
    _, problem = harness.refused(analyze_event({**GOOD, **names(1_001)}))
    assert problem["errors"] == [{"pointer": "", "detail": "1,001 fields are invalid"}]
    _, problem = harness.refused(analyze_event({**GOOD, **names(1_000)}))
    assert len(problem["errors"]) == 20


def test_commas_and_brackets_in_a_text_are_no_elements(harness: Harness) -> None:
    for piece in (",[{", '\\",', "\\\\,", '\\\\\\",'):
        body = document(repeated(piece, 400_000))
        assert harness.refused(analyze_event(body))[0] == 422  # too long for the analysis, and not too many elements
    body = document('"a", "more": "\\\\"').replace("}}", ',"list":' + array("1", MAX_ELEMENTS) + "}}")
    assert harness.refused(analyze_event(body))[0] == 413
