"""A proxy in front of PostgreSQL that loses the answer to one statement, which the server has executed."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

EXECUTE = ord("E")
"""The message that runs a prepared statement (protocol documentation, Message Formats)."""
READY = b"Z\0\0\0\5"
"""The end of an answer; one more byte holds the transaction status."""
SOCKET = ".s.PGSQL.5432"


class LosingProxy:
    """A proxy that listens on a Unix socket in its own folder."""

    def __init__(self, folder: Path, server: Path, listening: socket.socket) -> None:
        self.folder = folder
        self._server, self._listening = server, listening
        self.executed = 0
        self._number_to_lose = 0
        self.lost = 0

    def lose(self, number: int) -> None:
        """Lose the answer to the statement with this number, counted from 1 and from now on."""
        self.executed, self._number_to_lose, self.lost = 0, number, 0

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # the block has ended, and the socket is closed
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._server / SOCKET))
            losing = threading.Event()
            back = threading.Thread(target=self._answer, args=(server, client, losing), daemon=True)
            back.start()
            _pump(client, server, _messages(lambda: self._executes(losing)))
            back.join()

    def _executes(self, losing: threading.Event) -> None:
        self.executed += 1
        if self.executed == self._number_to_lose:
            losing.set()

    def _answer(self, server: socket.socket, client: socket.socket, losing: threading.Event) -> None:
        with contextlib.suppress(OSError):
            answer = b""
            while data := server.recv(65_536):
                answer = (answer + data)[-len(READY) - 1 :]
                if not losing.is_set():
                    client.sendall(data)
                elif answer.startswith(READY):
                    self.lost += 1
                    break
            client.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def losing_proxy(folder: Path, server: Path) -> Iterator[LosingProxy]:
    """Run a proxy in front of the server, with its socket in ``folder``, until the block ends."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / SOCKET))
        listening.listen()
        proxy = LosingProxy(folder, server, listening)
        threading.Thread(target=proxy.serve, daemon=True).start()
        yield proxy
        listening.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, target: socket.socket, see: Callable[[bytes], None]) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            see(data)
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _messages(executes: Callable[[], None]) -> Callable[[bytes], None]:
    """Split a client's bytes into messages. The first message, which starts the session, has no type byte."""
    received, kinds = bytearray(), 0

    def see(data: bytes) -> None:
        nonlocal kinds
        received.extend(data)
        while len(received) >= kinds + 4 and len(received) >= (
            end := kinds + int.from_bytes(received[kinds : kinds + 4])
        ):
            if kinds and received[0] == EXECUTE:
                executes()
            del received[:end]
            kinds = 1

    return see
