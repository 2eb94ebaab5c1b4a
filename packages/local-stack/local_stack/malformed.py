"""Requests that an HTTP server cannot read, for tests: whatever is in them, no log may quote it."""

import contextlib
import socket
from pathlib import Path


def malformed_requests(secret: str) -> list[bytes]:
    """One for each part of a request that can be malformed, with the secret there."""
    head, hidden = b"POST /analyze HTTP/1.1\r\nHost: localhost\r\n", secret.encode()
    return [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x12\x04\x00\x00\x00\x00\x00"
        + hidden
        + b'{"text": "'
        + hidden
        + b'"}',
        b'{"text": "' + hidden + b'"}\r\n\r\n',
        b"POST " + hidden + b" HTTP/1.1\r\n\r\n",
        b"POST /analyze " + hidden + b"\r\n\r\n",
        hidden + b" /analyze HTTP/1.1\r\n\r\n",
        b"POST /analyze HTTP/9." + hidden + b"\r\n\r\n",
        head + hidden + b"\r\n\r\n",
        head + b"x-text: " + hidden + b"\x00\r\n\r\n",
        head + b"x " + hidden + b": 1\r\n\r\n",
        head + b"Content-Length: " + hidden + b"\r\n\r\n",
        head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + hidden,
        head + b"Transfer-Encoding: chunked\r\n\r\n" + hidden + b"\r\n",
        head + b"Transfer-Encoding: " + hidden + b"\r\n\r\n",
        head + b"Content-Length: 2\r\n\r\n{}" + hidden + b"\r\n\r\n",
        head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(hidden) + hidden,
        head + b"Content-Type: multipart/form-data; boundary=" + hidden + b"\r\nContent-Length: 2\r\n\r\n--",
        b"GET /" + hidden * 3_000 + b" HTTP/1.1\r\n\r\n",
        head + b"x-text: " + hidden * 10_000 + b"\r\n\r\n",
        b"\x16\x03\x01" + hidden,
    ]


def send(port: int, raw: bytes) -> None:
    """Send the bytes, and wait until the server has answered or closed the connection."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def listening_ports(pids: set[int]) -> set[int]:
    """The TCP ports on which these processes accept connections."""
    sockets: set[str] = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            sockets.update(str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir())
    ports: set[int] = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:  # 0A: listening
            ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports
