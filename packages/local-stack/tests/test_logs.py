"""The content of a request is in no log, however malformed the request is and whichever process reads it."""

from pathlib import Path

import small_stack
from local_stack.malformed import listening_ports, malformed_requests, send

SECRET = "canary-of-the-document"


def test_no_process_prints_what_it_cannot_parse(tmp_path: Path) -> None:
    small_stack.write_files(tmp_path, small_stack.wiring(tmp_path))
    with small_stack.running(tmp_path) as stack:
        assert stack.request("GET", "/bare")[0] == 200  # a function runs, whose runtime API listens too
        ports = listening_ports(stack.processes())
        # The API, moto, Lambda's Invoke, and the runtime API of each function.
        assert len(ports) >= 5
        for port in ports:
            for raw in malformed_requests(SECRET):
                send(port, raw)
        assert stack.request("GET", "/bare")[0] == 200
    assert SECRET not in stack.log()
    assert "aiohttp.server" in stack.log()
