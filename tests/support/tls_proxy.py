"""A proxy that adds TLS to the embedded PostgreSQL, which does not support it."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""The message by which a PostgreSQL client requests TLS (protocol documentation, SSLRequest)."""


@contextlib.contextmanager
def tls_proxy(unix_socket: str, context: ssl.SSLContext) -> Iterator[int]:
    """Run a proxy that terminates TLS and forwards to the socket, until the block ends. Yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_serve, args=(listening, unix_socket, context), daemon=True).start()
        yield listening.getsockname()[1]


def _serve(listening: socket.socket, unix_socket: str, context: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError):  # the block has ended, and the socket is closed
        while True:
            client, _ = listening.accept()
            threading.Thread(target=_pass_on, args=(client, unix_socket, context), daemon=True).start()


def _pass_on(client: socket.socket, unix_socket: str, context: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError), client, socket.socket(socket.AF_UNIX) as server:
        assert client.recv(len(SSL_REQUEST)) == SSL_REQUEST
        client.sendall(b"S")
        with context.wrap_socket(client, server_side=True) as encrypted:
            server.connect(unix_socket)
            back = threading.Thread(target=_copy, args=(server, encrypted), daemon=True)
            back.start()
            _copy(encrypted, server)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
