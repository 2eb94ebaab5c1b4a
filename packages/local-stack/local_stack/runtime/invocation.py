"""One invocation: its event, its result, and errors in Lambda's shapes."""

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100  # Lambda's limit of a synchronous response, as its error names it


@dataclass(frozen=True)
class InvocationResult:
    """A function's answer, or its failure where `function_error` is set, as in the header X-Amz-Function-Error."""

    payload: bytes
    function_error: bool = False


@dataclass(eq=False)
class Invocation:
    event: bytes
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    result: asyncio.Future[InvocationResult] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def finish(self, result: InvocationResult) -> None:
        """The first to finish it wins: a process may answer at the moment its time is up."""
        if not self.result.done():
            self.result.set_result(result)


def _error(error_type: str, message: str) -> InvocationResult:
    return InvocationResult(json.dumps({"errorType": error_type, "errorMessage": message}).encode(), True)


def timed_out(request_id: str, seconds: int) -> InvocationResult:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return _error("Sandbox.Timedout", f"{now} {request_id} Task timed out after {seconds:.2f} seconds")


def exited(request_id: str, status: int) -> InvocationResult:
    how = f"signal: {-status}" if status < 0 else f"exit status {status}"
    return _error("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {how}")


def init_failed(report: bytes) -> InvocationResult:
    return InvocationResult(report, True)


def init_timed_out(request_id: str, seconds: int) -> InvocationResult:
    return _error("Sandbox.Timedout", f"RequestId: {request_id} Error: the function did not start in {seconds} seconds")


def response_too_large(size: int) -> InvocationResult:
    return _error(
        "Function.ResponseSizeTooLarge",
        f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).",
    )
