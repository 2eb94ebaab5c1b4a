"""The HTTP server in front of the functions."""

import asyncio
import base64
import json
import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import hdrs, web

from local_stack import output
from local_stack.gateway import cors, event, response
from local_stack.gateway.authorization import Authorize, Refused, allow_all
from local_stack.gateway.request import Request
from local_stack.gateway.routes import RouteTable
from local_stack.resources import CorsConfiguration
from local_stack.runtime.invocation import InvocationResult

MAX_BODY_BYTES = 10 * 1024 * 1024  # API Gateway's limit
MAX_EVENT_BYTES = 6 * 1024 * 1024  # Lambda's, for the event that a synchronous invocation carries
MAX_HEADER_BYTES = 10240  # likewise, for the request line and all headers

type Invoke = Callable[[bytes], Awaitable[InvocationResult]]


@dataclass(frozen=True)
class Target:
    invoke: Invoke
    timeout_seconds: float
    authorize: Authorize = allow_all


class _TooLargeError(Exception):
    pass


class Gateway:
    def __init__(self, api_id: str, region: str, routes: RouteTable[Target], configured: CorsConfiguration) -> None:
        self._api_id = api_id
        self._region = region
        self._routes = routes
        self._cors = configured
        self._under_way: set[asyncio.Future[InvocationResult]] = set()
        # The bare server: aiohttp's router would decode paths and answer some requests by itself.
        server = web.Server(
            self._handle,
            access_log=None,
            auto_decompress=False,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)

    async def open(self, listener: socket.socket) -> None:
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        request_id = base64.b64encode(secrets.token_bytes(11)).decode()[:15] + "="
        try:
            answer = await self._answer(incoming, request_id)
        except _TooLargeError:
            answer = response.REQUEST_TOO_LARGE
        except Refused as exc:
            answer = exc.answer
        outgoing = web.Response(status=answer.status, body=answer.body)
        for name, value in answer.headers:
            outgoing.headers.add(name, value)
        outgoing.headers["apigw-requestid"] = request_id
        if answer is response.REQUEST_TOO_LARGE:
            outgoing.force_close()  # the rest of the body is not read
        return outgoing

    async def _answer(self, incoming: web.BaseRequest, request_id: str) -> response.Response:
        request = await _read(incoming)
        match = self._routes.match(request.method, request.raw_path)
        preflight = cors.preflight(self._cors, request)
        if match is None:
            return preflight or response.NOT_FOUND
        caller = await match.target.authorize(request)
        if preflight:  # only now: $default asks a browser's question for credentials too, and browsers send none
            return preflight
        received = event.Received(request_id, self._api_id, self._region, match.key, match.path_parameters, caller)
        payload = json.dumps(event.build(request, received)).encode()
        if len(payload) > MAX_EVENT_BYTES:
            raise _TooLargeError
        result = await self._invoke(match.target, payload)
        if result is None:
            output.write_line(f"gateway: {match.key}: no answer within {match.target.timeout_seconds:g} s, 503")
            return response.SERVICE_UNAVAILABLE
        if result.function_error:
            output.write_line(f"gateway: {match.key}: {result.payload.decode(errors='replace')[:1000]}")
            return response.INTERNAL_SERVER_ERROR
        return cors.added(self._cors, response.interpret(result.payload), request)

    async def _invoke(self, target: Target, payload: bytes) -> InvocationResult | None:
        """None when the integration's time is up. The function goes on, as it does on AWS."""
        running = asyncio.ensure_future(target.invoke(payload))
        self._under_way.add(running)
        running.add_done_callback(self._under_way.discard)
        await asyncio.wait([running], timeout=target.timeout_seconds)
        return running.result() if running.done() else None


async def _read(incoming: web.BaseRequest) -> Request:
    if (incoming.content_length or 0) > MAX_BODY_BYTES:
        raise _TooLargeError
    if incoming.headers.get(hdrs.EXPECT, "").lower() == "100-continue" and incoming.transport:
        incoming.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = bytearray()
    async for chunk in incoming.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _TooLargeError
    return Request(
        method=incoming.method,
        target=incoming.raw_path,
        protocol=f"HTTP/{incoming.version.major}.{incoming.version.minor}",
        headers=tuple(incoming.headers.items()),
        body=bytes(body),
        source_ip=incoming.remote or "127.0.0.1",
    )
