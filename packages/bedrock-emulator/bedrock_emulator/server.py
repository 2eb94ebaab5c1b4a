"""The HTTP side: one handler for the service's paths, its errors and the faults of transport."""

import asyncio
import json
import logging
import time
import traceback
import uuid
from typing import TYPE_CHECKING

from aiohttp import web

from bedrock_emulator import EMULATOR
from bedrock_emulator.authorisation import check_signed
from bedrock_emulator.control import add_control_routes
from bedrock_emulator.converse_output import converse_output, stream_events
from bedrock_emulator.documents import Document
from bedrock_emulator.emulator import Emulator, check, count_tokens, milliseconds_since
from bedrock_emulator.errors import ServiceError
from bedrock_emulator.event_stream import CONTENT_TYPE, encode_event, encode_exception
from bedrock_emulator.invoking import invoke
from bedrock_emulator.logs import OWN
from bedrock_emulator.request_parsing import parse_request
from bedrock_emulator.service_model import EMULATED

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from bedrock_emulator.call_log import Call
    from bedrock_emulator.plan import Fault

LARGEST_REQUEST = 25_000_000  # bytes, the service's limit for a body
_log = logging.getLogger(OWN)


def build_app(emulator: Emulator) -> web.Application:
    app = web.Application(client_max_size=LARGEST_REQUEST)
    add_control_routes(app, emulator)
    service = _Service(emulator)
    app.router.add_route("*", "/{path:.*}", service.handle)
    return app


class _Service:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answers one call of the service, whatever becomes of it, and writes one log record."""
        start = time.perf_counter()
        found = self._emulator.service.find(request.method, request.raw_path.partition("?")[0])
        call = self._emulator.calls.begin(found[0].name if found else "Unknown")
        try:
            response = await self._answer(request, found, call, start)
            call.status = response.status
        except ServiceError as exc:
            response = self._error(exc)
            call.status, call.error = response.status, exc.code
        except asyncio.CancelledError:
            call.error = call.error or "client_left"
            raise
        except ConnectionError:
            # The connection is gone, by the plan or by the client: this response reaches no client.
            call.error = call.error or "client_left"
            response = web.Response()
        except Exception as exc:  # noqa: BLE001 - the outermost boundary: a bug too is answered in AWS's shape
            # The place only: the text of an exception can quote the request.
            frame = traceback.extract_tb(exc.__traceback__)[-1]
            _log.error("call=%d bug=%s at=%s:%s", call.number, type(exc).__name__, frame.filename, frame.lineno)
            failed = ServiceError("InternalServerException", f"The emulator itself failed: {type(exc).__name__}.")
            response = self._error(failed)
            call.status, call.error = response.status, failed.code
        finally:
            call.latency_ms = milliseconds_since(start)
            self._emulator.calls.end(call)
            _log.info(
                "call=%d operation=%s model=%s status=%d error=%s rules=%s in=%d out=%d ms=%d",
                call.number,
                call.operation,
                call.model,
                call.status,
                call.error,
                call.rules,
                call.input_tokens,
                call.output_tokens,
                call.latency_ms,
            )
        return response

    async def _answer(
        self, request: web.Request, found: "tuple[OperationModel, dict[str, str]] | None", call: "Call", start: float
    ) -> web.StreamResponse:
        check_signed(request.headers.get("Authorization"))
        if found is None or found[0].name not in EMULATED:
            name = found[0].name if found else f"{request.method} {request.path}"
            raise ServiceError("UnknownOperationException", f"The Bedrock emulator does not do {name}.")
        operation, path_values = found
        parameters = parse_request(operation, path_values, request.headers, await request.read())
        call.model = parameters["modelId"]
        model = check(call.operation, parameters)
        faults = self._emulator.faults_for(call, parameters)
        await self._wait(faults)
        fault = faults[-1] if faults and faults[-1].kinds() else None
        if fault is not None:
            await self._fail(request, call, fault)
        if call.operation == "CountTokens":
            return await self._send(request, call, count_tokens(model.rules, parameters), {}, fault)
        if call.operation == "InvokeModel":
            body = await invoke(self._emulator, call, model, parameters["body"], fault, start)
            headers = {
                "X-Amzn-Bedrock-Input-Token-Count": str(call.input_tokens),
                "X-Amzn-Bedrock-Invocation-Latency": str(milliseconds_since(start)),
            }
            return await self._send(request, call, body, headers, fault)
        answer, usage = await self._emulator.converse(call, model.rules, parameters, fault, start)
        latency_ms = milliseconds_since(start)
        if call.operation == "Converse":
            return await self._send(request, call, converse_output(answer, usage, parameters, latency_ms), {}, fault)
        return await self._stream(request, call, list(stream_events(answer, usage, parameters, latency_ms)), fault)

    async def _wait(self, faults: list["Fault"]) -> None:
        delay_ms = self._emulator.latency_ms + sum(fault.latency_ms or 0 for fault in faults)
        if delay_ms:
            await asyncio.sleep(delay_ms / 1000)

    async def _fail(self, request: web.Request, call: "Call", fault: "Fault") -> None:
        """The faults that come instead of an answer."""
        if fault.hang:
            call.error = "hang"
            await asyncio.Event().wait()
        if fault.hang_up == "before":
            _drop(request, call)
        if (fault.throttle or fault.error) and not (fault.mid_stream and call.operation == "ConverseStream"):
            raise _planned_error(fault)

    async def _send(
        self, request: web.Request, call: "Call", document: Document, headers: dict[str, str], fault: "Fault | None"
    ) -> web.StreamResponse:
        body = json.dumps(document, ensure_ascii=False).encode()
        if fault is not None and fault.hang_up == "middle":
            response = web.StreamResponse(headers={**_own_headers(), **headers, "Content-Type": "application/json"})
            response.content_length = len(body)
            await response.prepare(request)
            await response.write(body[: len(body) // 2])
            _drop(request, call)
        # web.Response puts headers and body in one write: two would meet delayed acknowledgements.
        return web.Response(body=body, content_type="application/json", headers={**_own_headers(), **headers})

    async def _stream(
        self, request: web.Request, call: "Call", events: list[tuple[str, Document]], fault: "Fault | None"
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={**_own_headers(), "Content-Type": CONTENT_TYPE})
        await response.prepare(request)
        broken = fault is not None and (fault.hang_up == "middle" or fault.mid_stream)
        for name, payload in events[: len(events) // 2] if broken else events:
            await response.write(encode_event(name, payload))
        if broken and fault is not None:
            if fault.hang_up == "middle":
                _drop(request, call)
            error = _planned_error(fault)
            call.error = error.code
            await response.write(encode_exception(error.code, error.message))
        await response.write_eof()
        return response

    def _error(self, error: ServiceError) -> web.Response:
        status = self._emulator.service.error_status(error.code)
        headers = {**_own_headers(), "x-amzn-ErrorType": error.code}
        body = json.dumps({"message": error.message}, ensure_ascii=False).encode()
        return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def _planned_error(fault: "Fault") -> ServiceError:
    code = fault.error or "ThrottlingException"
    throttled = "Too many requests, please wait before trying again."
    return ServiceError(
        code, fault.message or (throttled if fault.throttle else f"{code} by the emulator's fault plan.")
    )


def _drop(request: web.Request, call: "Call") -> None:
    """Closes the connection without another byte."""
    call.error = "hang_up"
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError("closed by the fault plan")


def _own_headers() -> dict[str, str]:
    return {"x-amzn-RequestId": str(uuid.uuid4()), "x-emulator": EMULATOR}
