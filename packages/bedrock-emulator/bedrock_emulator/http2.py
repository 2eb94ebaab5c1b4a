"""HTTP/2 for clients that speak nothing else, such as AWS's SDK for JavaScript with its defaults.

`h2` speaks the protocol. Each stream becomes a request to the emulator's own port over HTTP/1.1, so that there is one
way to answer a request, and a fault of transport closes the connection here too.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset, WindowUpdated
from h2.exceptions import ProtocolError
from yarl import URL

_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}


class Upstream:
    """The emulator's own port, as a client."""

    def __init__(self, url: str, largest_request: int) -> None:
        self.url = url
        self.largest_request = largest_request
        self._session: ClientSession | None = None

    def session(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(
                auto_decompress=False,
                connector=TCPConnector(limit=0),
                cookie_jar=DummyCookieJar(),
                timeout=ClientTimeout(total=None),
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


@dataclass
class _Stream:
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)
    answering: "asyncio.Task[None] | None" = None


class Http2(asyncio.Protocol):
    """One connection."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._http2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._streams: dict[int, _Stream] = {}
        self._window_grew = asyncio.Event()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._http2.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._http2.receive_data(data):
                self._handle(event)
        except ProtocolError:
            self._flush()
            self._transport.close()
            return
        self._flush()

    def connection_lost(self, _exc: Exception | None) -> None:
        for stream_id in list(self._streams):
            self._drop(stream_id)

    def _handle(self, event: Event) -> None:
        match event:
            case RequestReceived(stream_id=int(stream_id), headers=list(headers)):
                self._streams[stream_id] = _Stream({str(name): str(value) for name, value in headers})
            case DataReceived(stream_id=int(stream_id), data=bytes(data), flow_controlled_length=int(length)):
                self._http2.acknowledge_received_data(length, stream_id)
                stream = self._streams.get(stream_id)
                if stream is not None:
                    stream.body += data
                    if len(stream.body) > self._upstream.largest_request:
                        self._http2.reset_stream(stream_id, ErrorCodes.CANCEL)
                        self._drop(stream_id)
            case StreamEnded(stream_id=int(stream_id)) if stream_id in self._streams:
                stream = self._streams[stream_id]
                stream.answering = asyncio.ensure_future(self._answer(stream_id, stream))
            case StreamReset(stream_id=int(stream_id)):
                self._drop(stream_id)
            case WindowUpdated():
                self._window_grew.set()

    def _drop(self, stream_id: int) -> None:
        stream = self._streams.pop(stream_id, None)
        if stream is not None and stream.answering is not None:
            stream.answering.cancel()

    async def _answer(self, stream_id: int, stream: _Stream) -> None:
        method, path = stream.headers[":method"], stream.headers[":path"]
        given = {name: value for name, value in stream.headers.items() if name[0] != ":" and name not in _HOP_BY_HOP}
        given["host"] = stream.headers.get(":authority", "")
        url = URL(f"{self._upstream.url}{path}", encoded=True)
        try:
            async with self._upstream.session().request(
                method, url, headers=given, data=bytes(stream.body) or None
            ) as response:
                headers = [(name.lower(), value) for name, value in response.headers.items()]
                kept = [(name, value) for name, value in headers if name not in _HOP_BY_HOP]
                self._http2.send_headers(stream_id, [(":status", str(response.status)), *kept])
                self._flush()
                async for chunk in response.content.iter_any():
                    await self._send(stream_id, chunk)
                self._http2.end_stream(stream_id)
                self._flush()
        except (ClientError, ConnectionError):
            self._transport.abort()  # the fault plan closed the connection without an answer, or in its middle
        except ProtocolError:
            pass  # the client has left
        finally:
            self._streams.pop(stream_id, None)

    async def _send(self, stream_id: int, data: bytes) -> None:
        while data:
            room = min(self._http2.local_flow_control_window(stream_id), self._http2.max_outbound_frame_size)
            if room <= 0:
                self._window_grew.clear()
                await self._window_grew.wait()
                continue
            self._http2.send_data(stream_id, data[:room])
            self._flush()
            data = data[room:]

    def _flush(self) -> None:
        self._transport.write(self._http2.data_to_send())
