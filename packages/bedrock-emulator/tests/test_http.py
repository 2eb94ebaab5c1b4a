"""The emulator's port: HTTP/1.1 and HTTP/2, and a log without the content of a request."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bedrock_emulator.running import RunningEmulator, running_emulator

SECRET = "canary-of-the-document"
BODY = json.dumps({"messages": [{"role": "user", "content": [{"text": f"Rain is likely. {SECRET}"}]}]})
PATH = "/model/us.amazon.nova-lite-v1%3A0"


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator("--log-level", "debug") as emulator:
        yield emulator


def curl(url: str, *options: str) -> tuple[str, bytes]:
    """The status and version of an answer, and its body."""
    shown = "\n%{http_code} %{http_version}"
    command = ["curl", "-sS", "-m", "20", "-H", "Authorization: Bearer key", "-w", shown, *options, url]
    ended = subprocess.run(command, capture_output=True, check=True)
    body, _, status = ended.stdout.rpartition(b"\n")
    return status.decode(), body


@pytest.mark.parametrize(
    ("protocol", "version"), [("--http1.1", "1.1"), ("--http2-prior-knowledge", "2"), ("--http2", "1.1")]
)
def test_each_version_of_http_gets_the_same_answer(emulator: RunningEmulator, protocol: str, version: str) -> None:
    status, body = curl(f"{emulator.url}{PATH}/converse", protocol, "-d", BODY)
    assert status == f"200 {version}"
    assert SECRET in json.loads(body)["output"]["message"]["content"][0]["text"]
    status, body = curl(f"{emulator.url}{PATH}/converse-stream", protocol, "-d", BODY)
    assert status == f"200 {version}"
    assert body.count(b":event-type") > 4


def test_a_body_beyond_one_window_arrives_whole(emulator: RunningEmulator, tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_text(json.dumps({"messages": [{"role": "user", "content": [{"text": "rain " * 200_000}]}]}))
    url = f"{emulator.url}/model/us.amazon.nova-premier-v1%3A0/converse"
    _, answer = curl(url, "--http2-prior-knowledge", "--data-binary", f"@{file}")
    assert json.loads(answer)["usage"]["inputTokens"] > 180_000


def test_a_fault_of_transport_closes_a_connection_of_http2(emulator: RunningEmulator) -> None:
    emulator.put_plan({"rules": [{"fault": {"hang_up": "before"}}]})
    with pytest.raises(subprocess.CalledProcessError):
        curl(f"{emulator.url}{PATH}/converse", "--http2-prior-knowledge", "-d", BODY)
    emulator.reset()


@pytest.mark.parametrize(
    "raw",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SECRET.encode() * 3,
        b"PRI " + SECRET.encode() + b" HTTP/2.0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + SECRET.encode() + b"\r\n\r\n",
        b'{"text": "' + SECRET.encode() + b'"}\r\n\r\n',
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + SECRET.encode() + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + SECRET.encode() + b"\r\n\r\n",
        b"GET /" + SECRET.encode() * 1000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=range(7),
)
def test_a_request_that_cannot_be_read_is_in_no_log(emulator: RunningEmulator, raw: bytes) -> None:
    host, port = emulator.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    curl(f"{emulator.url}{PATH}/converse", "-d", BODY)  # its record comes after all others
    assert SECRET not in "".join(emulator.log)
