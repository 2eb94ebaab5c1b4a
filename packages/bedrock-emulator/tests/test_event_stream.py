"""botocore's decoder reads what the encoder writes."""

import json
from typing import Any

import pytest
from bedrock_emulator.event_stream import encode_event, encode_exception, encode_message
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer


def decode(data: bytes) -> list[tuple[dict[str, object], bytes]]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    messages: Any = buffer
    return [(message.headers, message.payload) for message in messages]


@pytest.mark.parametrize("payload", [b"", b"{}", b"x" * 100_000, '{"text": "żółć 漢字 🙂"}'.encode()])
def test_a_message_survives_the_round_trip(payload: bytes) -> None:
    headers = {":event-type": "contentBlockDelta", "empty": "", "long": "v" * 5000}
    assert decode(encode_message(headers, payload)) == [(headers, payload)]


def test_messages_that_arrive_in_pieces_are_read_one_by_one() -> None:
    data = encode_event("messageStart", {"role": "assistant"}) + encode_event("messageStop", {"stopReason": "end_turn"})
    buffer: Any = EventStreamBuffer()
    found: list[Any] = []
    for byte in data:
        buffer.add_data(bytes([byte]))
        found.extend(json.loads(message.payload) for message in buffer)
    assert found == [{"role": "assistant"}, {"stopReason": "end_turn"}]


def test_an_exception_names_its_type_in_lower_camel_case() -> None:
    [(headers, payload)] = decode(encode_exception("ThrottlingException", "slow down"))
    assert headers[":message-type"] == "exception"
    assert headers[":exception-type"] == "throttlingException"
    assert json.loads(payload) == {"message": "slow down"}


def test_a_flipped_bit_is_noticed() -> None:
    data = bytearray(encode_event("messageStart", {"role": "assistant"}))
    data[-6] ^= 1
    with pytest.raises(ChecksumMismatch):
        decode(bytes(data))
