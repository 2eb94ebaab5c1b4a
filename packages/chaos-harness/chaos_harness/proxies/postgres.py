"""A proxy between the functions and PostgreSQL's Unix socket. It loses answers, and counts broken connections."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from chaos_harness.plan import Draw
from chaos_harness.proxies.messages import Frames, text

CHUNK_BYTES = 65536
_COMMIT = ("COMMIT", "END")
_READING = ("SELECT", "BEGIN", "SET", "SHOW", "START", "ROLLBACK", *_COMMIT)


@dataclass
class Seen:
    """Counts of lost answers and broken connections."""

    answers_lost: Counter[str] = field(default_factory=Counter)
    """Changes that were committed but not confirmed, by the first words of the statement."""
    cut_by_server: int = 0
    """Connections that the server closed."""
    abandoned: Counter[int] = field(default_factory=Counter)
    """Connections that the client closed while it waited for an answer, by backend."""


class PostgresProxy:
    """The proxy. It listens from the start; ``connect`` sets its target."""

    def __init__(self, directory: Path, port: int, ack_lost: Draw) -> None:
        self.directory = directory
        self._path = directory / f".s.PGSQL.{port}"
        self._upstream: Path | None = None
        self._draw = ack_lost
        self._changes = 0
        self.seen = Seen()
        self._server: asyncio.Server | None = None
        self.links: set[Link] = set()

    async def open(self) -> None:
        """Create the socket."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=CHUNK_BYTES)

    def connect(self, directory: str) -> None:
        """Set the directory of the server's socket."""
        self._upstream = Path(directory) / self._path.name

    async def close(self) -> None:
        """Close all connections."""
        if self._server:
            self._server.close()
        for link in list(self.links):
            link.close()

    def loses_this_answer(self) -> bool:
        """Whether to lose the answer to a change. Called once for each."""
        self._changes += 1
        return self._draw.applies_to(self._changes)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server = await asyncio.open_unix_connection(str(self._upstream))
        except OSError:  # PostgreSQL restarts after a crash
            writer.close()
            return
        link = Link(self, (reader, writer), server)
        self.links.add(link)
        try:
            await link.run()
        finally:
            self.links.discard(link)


class Link:
    """A connection of a function."""

    def __init__(
        self,
        proxy: PostgresProxy,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._proxy = proxy
        self._client, self._server = client, server
        self._sent, self._answered = Frames(startup=True), Frames(startup=False)
        self._statements: dict[str, str] = {}
        self._change = ""  # first words of the statement that changed data; empty if none did
        self._in_transaction = False
        self._losing = False
        self.waiting = False
        self.backend = 0

    def close(self) -> None:
        """Close both sides."""
        for _, writer in (self._client, self._server):
            with contextlib.suppress(OSError):
                writer.close()

    async def run(self) -> None:
        """Forward until one side closes the connection."""
        upward = asyncio.create_task(self._upward())
        downward = asyncio.create_task(self._downward())
        try:
            done, _ = await asyncio.wait({upward, downward}, return_when=asyncio.FIRST_COMPLETED)
            if upward in done and self.waiting and not self._losing:
                self._proxy.seen.abandoned[self.backend] += 1
        finally:
            for task in (upward, downward):
                task.cancel()
            await asyncio.gather(upward, downward, return_exceptions=True)
            self.close()

    async def _upward(self) -> None:
        with contextlib.suppress(OSError):
            while data := await self._client[0].read(CHUNK_BYTES):
                for kind, content in self._sent.feed(data):
                    self._on_client_message(kind, content)
                self._server[1].write(data)
                await self._server[1].drain()

    async def _downward(self) -> None:
        with contextlib.suppress(OSError):
            while data := await self._server[0].read(CHUNK_BYTES):
                done = False
                for kind, content in self._answered.feed(data):
                    done = self._on_server_message(kind, content) or done
                if not self._losing:
                    self._client[1].write(data)
                    await self._client[1].drain()
                elif done:
                    return  # the whole answer is lost
            self._proxy.seen.cut_by_server += 1

    def _on_client_message(self, kind: bytes, content: bytes) -> None:
        match kind:
            case b"P":
                self._statements[text(content, 0)] = text(content, 1)
            case b"B":
                self._runs(self._statements.get(text(content, 1), ""))
            case b"Q":
                self._runs(text(content, 0))
                self.waiting = True
            case b"S":
                self.waiting = True

    def _runs(self, statement: str) -> None:
        words = statement.split()
        first = words[0].upper().rstrip(";") if words else ""
        if first and first not in _READING:
            self._change = " ".join(words[:6])
        ends = first in _COMMIT if self._in_transaction else first not in _READING
        if self._change and ends and self._proxy.loses_this_answer():
            self._losing = True

    def _on_server_message(self, kind: bytes, content: bytes) -> bool:
        """Whether the message completes an answer to lose."""
        match kind:
            case b"K":
                self.backend = int.from_bytes(content[:4])
            case b"E" if self._losing:
                self._losing = False  # nothing was changed, so the error is forwarded
            case b"Z":
                self.waiting = False
                self._in_transaction = content != b"I"
                if self._losing:
                    self._proxy.seen.answers_lost[self._change] += 1
                    return True
                if not self._in_transaction:
                    self._change = ""
        return False
