"""PostgreSQL's wire protocol: a message has one byte for its kind, four for its length, and the content."""

import struct
from collections.abc import Iterator

_HEAD = struct.Struct("!cI")


class Frames:
    """Splits a stream into messages, and keeps an incomplete one until the rest arrives."""

    def __init__(self, *, startup: bool) -> None:
        self._startup = startup  # the client's first message has no kind
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The kind and the content of each message that the data completes."""
        self._rest += data
        if self._startup and len(self._rest) >= 4:
            length = int.from_bytes(self._rest[:4])
            if len(self._rest) < length:
                return
            self._rest, self._startup = self._rest[length:], False
        while not self._startup and len(self._rest) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._rest)
            if len(self._rest) < 1 + length:
                return
            yield kind, self._rest[_HEAD.size : 1 + length]
            self._rest = self._rest[1 + length :]


def text(content: bytes, number: int) -> str:
    """The zero-terminated string with this number, from 0, at the start of the content."""
    return content.split(b"\0", number + 1)[number].decode(errors="replace")
