"""The emulator's port: HTTP/1.1 for most clients, HTTP/2 without TLS for those that begin with its preface."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from bedrock_emulator.emulator import Emulator
from bedrock_emulator.server import LARGEST_REQUEST, build_app

if TYPE_CHECKING:
    from bedrock_emulator.http2 import Upstream

_SHUTDOWN_SECONDS = 0.05  # for requests under way; a hanging one must not keep a test suite waiting
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113, section 3.4
_ENOUGH = 4  # bytes: no method of HTTP/1.1 begins as the preface does

type Protocol = Callable[[], asyncio.Protocol]


class Port:
    def __init__(self, emulator: Emulator) -> None:
        # A handler whose client has left is cancelled, so that a hanging one ends.
        self._runner = web.AppRunner(
            build_app(emulator), access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        self._listening: asyncio.Server | None = None
        self._upstream: Upstream | None = None
        self._url = ""

    async def open(self, host: str, port: int) -> tuple[str, int]:
        """The address that it serves. Raises OSError when the port is in use."""
        await self._runner.setup()
        http1 = self._runner.server
        assert http1 is not None  # noqa: S101 - set up above
        self._listening = await asyncio.get_running_loop().create_server(
            lambda: FirstBytes(http1, self._http2), host, port, backlog=1024
        )
        address: tuple[str, int] = self._listening.sockets[0].getsockname()[:2]
        self._url = f"http://{address[0]}:{address[1]}"
        return address

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.close()
        if self._upstream is not None:
            await self._upstream.close()
        await self._runner.cleanup()

    def _http2(self) -> asyncio.Protocol:
        # Imported at first use: most clients never speak it.
        from bedrock_emulator.http2 import Http2, Upstream

        if self._upstream is None:
            self._upstream = Upstream(self._url, LARGEST_REQUEST)
        return Http2(self._upstream)


class FirstBytes(asyncio.Protocol):
    """Waits for a connection's first bytes, and hands it over to the protocol that they are of."""

    def __init__(self, http1: Protocol, http2: Protocol) -> None:
        self._http1 = http1
        self._http2 = http2
        self._seen = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a stream socket
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if len(self._seen) < _ENOUGH or self._transport is None:
            return
        protocol = self._http2() if self._seen.startswith(_PREFACE[:_ENOUGH]) else self._http1()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(self._seen)
