"""The process that is S3, SQS, Parameter Store and Secrets Manager: moto's server, with state that lasts.

    python -m local_stack.cloud.moto_process --listen-fd N [--state-dir DIR] < plan.json

The socket comes from the parent, which listens on it before moto is imported: a request that is made too
early waits instead of failing. One line "ready" on stdout, then nothing.
"""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from local_stack import foreign_logs
from local_stack.cloud import sqs_fixes
from local_stack.cloud.backends import SERVICES, Backends
from local_stack.cloud.plan import CloudPlan

SAVE_AFTER_SECONDS = 0.25  # one save for all changes within this time; what kill -9 of moto itself can lose
SAVE_AT_LEAST_SECONDS = 5.0  # visibility timeouts pass without a request


def main() -> None:
    parser = argparse.ArgumentParser(prog="local_stack.cloud.moto_process")
    parser.add_argument("--listen-fd", type=int, required=True)
    parser.add_argument("--state-dir", type=Path)
    arguments = parser.parse_args()
    plan = CloudPlan.model_validate_json(sys.stdin.buffer.read())

    foreign_logs.configure()
    changed = threading.Event()
    application = _application(changed)
    backends = Backends(plan)
    backends.create_planned()
    save = _start_saving(arguments.state_dir, backends, changed)

    def end(_signum: int, _frame: object) -> None:
        try:
            save()
        finally:
            os._exit(0)  # receivers may wait for messages for another 20 s

    signal.signal(signal.SIGTERM, end)
    server = make_server(
        "127.0.0.1",
        0,
        application,
        threaded=True,
        request_handler=_handler(),
        fd=arguments.listen_fd,
    )
    server.handle_error = _refused_connection  # type: ignore[assignment, method-assign]
    print("ready", flush=True)  # noqa: T201 - the line that the parent waits for
    server.serve_forever()


def _application(changed: threading.Event) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    sqs_fixes.apply()
    application = DomainDispatcherApplication(create_backend_app)
    for service in SERVICES:  # now, rather than within the first request to each
        application.app_instances[service] = create_backend_app(service)

    def noting_changes(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = application(environ, start_response)
        changed.set()
        return answer

    return noting_changes


def _refused_connection(*_: object) -> None:
    """No output: socketserver prints the exception, whose text can quote the request."""


def _handler() -> Any:
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Handler(MotoRequestHandler):
        protocol_version = "HTTP/1.1"  # keep the connection: a new one costs a thread and 1 ms
        disable_nagle_algorithm = True  # headers and body are two writes; delayed ACK would cost 40 ms

        def log_request(self, *_: object) -> None:
            """No output: a line for each call to a stand-in would hide the product's lines."""

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    return Handler


def _start_saving(directory: Path | None, backends: Backends, changed: threading.Event) -> Callable[[], None]:
    if directory is None:
        return lambda: None
    from local_stack.cloud.snapshot import Snapshot

    snapshot = Snapshot(directory, backends)
    snapshot.load()
    one_at_a_time = threading.RLock()  # a signal handler runs on a thread that may be saving

    def save() -> None:
        with one_at_a_time:
            for attempts_left in reversed(range(10)):
                try:
                    snapshot.save()
                except RuntimeError:  # a dictionary of moto's grew while it was read
                    if not attempts_left:
                        raise
                else:
                    return

    def keep_saving() -> None:
        while True:
            changed.wait(SAVE_AT_LEAST_SECONDS)
            time.sleep(SAVE_AFTER_SECONDS)
            changed.clear()
            save()

    threading.Thread(target=keep_saving, daemon=True, name="save").start()
    return save


if __name__ == "__main__":
    main()
