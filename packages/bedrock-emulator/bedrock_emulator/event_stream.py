"""Encoder of `application/vnd.amazon.eventstream`, the framing of the service's streamed answers.

botocore can only decode it. A message is

    total length (4) | headers length (4) | CRC of these 8 bytes (4) | headers | payload | CRC of all before (4)

with big-endian numbers and CRC-32 as in zlib. Source: the Smithy specification, "Amazon Event Stream".
"""

import json
import struct
from binascii import crc32

from bedrock_emulator.documents import Document

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7  # the header value type of a UTF-8 string with a 2-byte length


def encode_message(headers: dict[str, str], payload: bytes) -> bytes:
    block = b"".join(_header(name, value) for name, value in headers.items())
    total = 4 + 4 + 4 + len(block) + len(payload) + 4
    prelude = struct.pack("!II", total, len(block))
    framed = prelude + struct.pack("!I", crc32(prelude)) + block + payload
    return framed + struct.pack("!I", crc32(framed))


def encode_event(event_type: str, payload: Document) -> bytes:
    headers = {":event-type": event_type, ":content-type": "application/json", ":message-type": "event"}
    return encode_message(headers, _json(payload))


def encode_exception(code: str, message: str) -> bytes:
    """An error in the middle of a stream; its type is the error code starting in lower case."""
    headers = {
        ":exception-type": code[0].lower() + code[1:],
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return encode_message(headers, _json({"message": message}))


def _header(name: str, value: str) -> bytes:
    name_bytes, value_bytes = name.encode(), value.encode()
    return struct.pack("!B", len(name_bytes)) + name_bytes + struct.pack("!BH", _STRING, len(value_bytes)) + value_bytes


def _json(payload: Document) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()
