"""Lambda's runtime API (version 2018-06-01), one port for each environment.

The client of the runtime takes a host and a port and no path, so the port identifies the environment.
"""

import contextlib
import socket
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from local_stack.processes import Children
from local_stack.resources import Function
from local_stack.runtime.environment import Environment
from local_stack.runtime.invocation import MAX_RESPONSE_BYTES, InvocationResult, response_too_large
from local_stack.runtime.settings import Platform
from local_stack.wiring import Wiring

_BASE = "/2018-06-01/runtime"


@dataclass(frozen=True)
class _Served:
    environment: Environment
    site: web.SockSite


class RuntimeApi:
    def __init__(self, children: Children, wiring: Wiring, platform: Platform) -> None:
        self._children = children
        self._wiring = wiring
        self._platform = platform
        self._served: dict[int, _Served] = {}
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_get(f"{_BASE}/invocation/next", self._next)
        application.router.add_post(_BASE + "/invocation/{id}/response", self._response)
        application.router.add_post(_BASE + "/invocation/{id}/error", self._error)
        application.router.add_post(f"{_BASE}/init/error", self._init_error)
        # An environment waits for its next invocation for hours: nothing here may time out.
        self._runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, keepalive_timeout=3600, shutdown_timeout=0.1
        )

    async def open(self) -> None:
        await self._runner.setup()

    async def close(self) -> None:
        await self._runner.cleanup()

    async def start_environment(self, function: Function) -> Environment:
        environment = Environment(self._children, function, self._platform)
        listener = socket.create_server(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        site = web.SockSite(self._runner, listener)
        await site.start()
        await self._close_ended()
        self._served[port] = _Served(environment, site)
        await environment.start(f"127.0.0.1:{port}")
        return environment

    async def _close_ended(self) -> None:
        for port, served in list(self._served.items()):
            if served.environment.ended.is_set():
                del self._served[port]
                with contextlib.suppress(RuntimeError):  # closed with all others
                    await served.site.stop()

    def _environment(self, request: web.Request) -> Environment:
        address: Any = request.get_extra_info("sockname")
        served = self._served.get(address[1])
        if served is None:
            raise web.HTTPForbidden(text="this environment has ended")
        return served.environment

    async def _next(self, request: web.Request) -> web.Response:
        environment = self._environment(request)
        invocation = await environment.next_invocation()
        name = environment.function.name
        return web.Response(
            body=invocation.event,
            content_type="application/json",
            headers={
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(environment.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": self._wiring.arn("lambda", f"function:{name}"),
                "Lambda-Runtime-Trace-Id": _trace_id(invocation.request_id, environment.deadline_ms),
            },
        )

    async def _response(self, request: web.Request) -> web.Response:
        body = await request.read()
        if len(body) > MAX_RESPONSE_BYTES:
            self._finish(request, response_too_large(len(body)))
            self._environment(request).kill()  # the refusal would end the runtime's client a moment later
            return web.json_response({"errorType": "RequestEntityTooLarge"}, status=413)
        return self._finish(request, InvocationResult(body))

    async def _error(self, request: web.Request) -> web.Response:
        return self._finish(request, InvocationResult(await request.read(), function_error=True))

    def _finish(self, request: web.Request, result: InvocationResult) -> web.Response:
        if self._environment(request).answer(request.match_info["id"], result):
            return web.json_response({"status": "OK"}, status=202)
        return web.json_response({"errorType": "InvalidRequestID"}, status=400)

    async def _init_error(self, request: web.Request) -> web.Response:
        self._environment(request).fail_init(await request.read())
        return web.json_response({"status": "OK"}, status=202)


def _trace_id(request_id: str, time_ms: int) -> str:
    digits = request_id.replace("-", "")
    return f"Root=1-{time_ms // 1000:08x}-{digits[:24]};Parent={digits[16:]};Sampled=0"
