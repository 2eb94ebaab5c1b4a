"""A reverse proxy between the functions and S3, SQS, Parameter Store, Secrets Manager and Bedrock."""

import asyncio
import logging
import socket
from typing import Protocol

import aiohttp
from aiohttp import web
from yarl import URL

from chaos_harness.proxies.flights import Flights
from chaos_harness.proxies.outages import Outages
from chaos_harness.proxies.request_faults import RequestFaults
from chaos_harness.proxies.requests import Sent, Treatment, refusal, unavailable

_OF_THE_CONNECTION = frozenset({"connection", "content-length", "expect", "host", "keep-alive", "transfer-encoding"})
_QUIET = logging.getLogger("chaos.quiet")  # broken connections are intended
_QUIET.disabled = True
_GARBLED = b'{"output": {"message": '

SLOW_S = 0.7
"""Time for a worker that wakes up to store its late result, on busy cores."""

type Answer = tuple[int, list[tuple[str, str]], bytes]


class Kills(Protocol):
    """Whether the sender of a request is killed, before or after the request is executed."""

    def __call__(self, sent: Sent, *, done: bool) -> bool: ...


class _BrokenOff(Exception):
    """The server closed the connection. ``answer`` has the part that arrived, if any."""

    def __init__(self, answer: Answer | None) -> None:
        super().__init__()
        self.answer = answer


class AwsProxy:
    """The proxy. It listens from the start; ``connect`` sets its targets."""

    def __init__(self, faults: RequestFaults, flights: Flights, outages: Outages, kills: Kills) -> None:
        self._faults = faults
        self._flights = flights
        self._outages = outages
        self._kills = kills
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        # A worker that is killed must take its model call with it, as it would take the connection to AWS.
        server = web.Server(self._handle, access_log=None, logger=_QUIET, handler_cancellation=True)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        self._session: aiohttp.ClientSession | None = None
        self._cloud_url = self._model_url = ""

    async def open(self) -> None:
        """Start to answer the functions."""
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(), auto_decompress=False
        )
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()

    def connect(self, cloud_url: str, model_url: str) -> None:
        """Set the addresses of the cloud and of the model."""
        self._cloud_url, self._model_url = cloud_url, model_url

    async def close(self) -> None:
        """Close all connections."""
        await self._runner.cleanup()
        if self._session:
            await self._session.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")  # without it PutObject waits for a second
        body = await request.read()
        sent = Sent.read(request, body)
        if sent.operation != "Converse":
            return await self._answer(request, sent)
        flight = self._flights.begin(sent.process, body)
        outcome = "left"
        try:
            if await self._outages.refuses():
                outcome = "503"
                return unavailable()
            response = await self._answer(request, sent)
            if flight.job_id in self._flights.slow:
                await asyncio.sleep(SLOW_S)
            outcome = str(response.status)
        except ConnectionResetError:
            outcome = "broken off"
            raise
        finally:
            self._flights.end(flight, outcome)
        return response

    async def _answer(self, request: web.BaseRequest, sent: Sent) -> web.StreamResponse:
        if self._kills(sent, done=False):
            await asyncio.Event().wait()
        treatment, delay = self._faults.treatment(sent)
        if treatment is Treatment.REFUSE:
            return refusal(sent)
        body = sent.delayed(delay) if treatment is Treatment.DELAY else sent.body
        try:
            if treatment is Treatment.TWICE:
                await self._forward(request, sent, body)
            status, headers, content = await self._forward(request, sent, body)
        except _BrokenOff as exc:
            return await _break_off(request, exc.answer)
        if self._kills(sent, done=True):
            await asyncio.Event().wait()
        if treatment is Treatment.EXECUTE_AND_REFUSE:
            return refusal(sent)
        if treatment is Treatment.GARBLE and status == 200:
            content = _GARBLED
        response = web.Response(status=status, body=content)
        for name, value in headers:
            response.headers[name] = value
        return response

    async def _forward(self, request: web.BaseRequest, sent: Sent, body: bytes) -> Answer:
        assert self._session is not None  # noqa: S101 - opened before anything is answered
        base = self._model_url if sent.operation == "Converse" else self._cloud_url
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OF_THE_CONNECTION}
        received: list[bytes] = []
        answer: aiohttp.ClientResponse | None = None
        try:
            async with self._session.request(
                request.method, URL(f"{base}{request.raw_path}", encoded=True), data=body, headers=headers
            ) as answer:
                async for chunk in answer.content.iter_any():
                    received.append(chunk)
        except aiohttp.ClientError as exc:
            raise _BrokenOff(_as_answer(answer, received) if answer else None) from exc
        return _as_answer(answer, received)


def _as_answer(answer: aiohttp.ClientResponse, received: list[bytes]) -> Answer:
    headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in _OF_THE_CONNECTION]
    return answer.status, headers, b"".join(received)


async def _break_off(request: web.BaseRequest, answer: Answer | None) -> web.StreamResponse:
    """Close the connection where the server closed it: before the answer or within it."""
    if answer is not None:
        status, headers, content = answer
        response = web.StreamResponse(status=status)
        for name, value in headers:
            response.headers[name] = value
        response.content_length = len(content) * 2 + 1
        await response.prepare(request)
        await response.write(content)
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError("broken off")
