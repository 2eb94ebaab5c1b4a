"""Lambda's Invoke (version 2015-03-31), for boto3 and the AWS command line: how a function is called that has no route.

Answers when the function has (``RequestResponse``); nothing is invoked in the background.
"""

import json
import socket
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from local_stack.runtime.invocation import InvocationResult
from local_stack.wiring import Wiring

MAX_EVENT_BYTES = 6 * 1024 * 1024  # Lambda's, of a synchronous invocation

type Invoke = Callable[[bytes], Awaitable[InvocationResult]]


class InvokeApi:
    """The functions by name, on a separate port."""

    def __init__(self, wiring: Wiring, functions: Mapping[str, Invoke]) -> None:
        self._wiring = wiring
        self._functions = functions
        self.url = ""
        """Known once it is open."""
        application = web.Application(client_max_size=MAX_EVENT_BYTES + 1)
        application.router.add_post("/2015-03-31/functions/{name}/invocations", self._invoke)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)

    async def open(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _invoke(self, request: web.Request) -> web.Response:
        if not request.headers.get("authorization", "").startswith("AWS4-"):
            # The signature is not checked. But a web page in the user's browser cannot send one unasked.
            return _refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind != "RequestResponse":
            message = f"The local stack invokes RequestResponse, and not {kind}"
            return _refused(400, "InvalidParameterValueException", message)
        # An ARN is as good as a name.
        name = request.match_info["name"].removeprefix(self._wiring.arn("lambda", "function:"))
        invoke = self._functions.get(name)
        if invoke is None:
            message = f"Function not found: {self._wiring.arn('lambda', f'function:{name}')}"
            return _refused(404, "ResourceNotFoundException", message)
        try:
            event = await request.read()
            json.loads(event or b"{}")
        except web.HTTPRequestEntityTooLarge:
            message = f"Request must be smaller than {MAX_EVENT_BYTES} bytes for the InvokeFunction operation"
            return _refused(413, "RequestTooLargeException", message)
        except ValueError as exc:
            message = f"Could not parse request body into json: {exc}"
            return _refused(400, "InvalidRequestContentException", message)
        result = await invoke(event or b"{}")
        failed = {"x-amz-function-error": "Unhandled"} if result.function_error else {}
        headers = {"content-type": "application/json", "x-amz-executed-version": "$LATEST", **failed}
        return web.Response(body=result.payload, headers=headers)


def _refused(status: int, error: str, message: str) -> web.Response:
    body = {"Type": "User", "Message": message}
    return web.json_response(body, status=status, headers={"x-amzn-errortype": error})
