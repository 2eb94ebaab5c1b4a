"""The command line: ready line, refusals to start, stopping at once."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bedrock_emulator.running import running_emulator

COMMAND = [sys.executable, "-m", "bedrock_emulator"]


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=10, check=False)


def test_the_health_route_states_that_it_is_not_bedrock() -> None:
    before = os.times()
    with running_emulator() as emulator:
        connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=5)
        connection.request("GET", "/_emulator/health")
        health = json.load(connection.getresponse())
        connection.close()
    assert health["status"] == "ok"
    assert "not Amazon Bedrock" in health["note"]
    after = os.times()
    # CPU time, because other work on the machine does not count. Measured at 0.55 s.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_a_second_although_a_request_hangs(number: signal.Signals) -> None:
    with running_emulator() as emulator:
        emulator.put_plan({"rules": [{"fault": {"hang": True}}]})
        connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=5)
        body = json.dumps({"messages": [{"role": "user", "content": [{"text": "Hello."}]}]})
        headers = {"Authorization": "Bearer key"}
        connection.request("POST", "/model/amazon.nova-lite-v1%3A0/converse", body, headers)
        while emulator.calls()["in_flight"] == 0:
            pass
        asked = time.monotonic()
        emulator.process.send_signal(number)
        assert emulator.process.wait(5) == 0
        assert time.monotonic() - asked < 1
        connection.close()


def test_a_port_in_use_is_one_line_and_status_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("--port", str(port))
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert str(port) in ended.stderr


@pytest.mark.parametrize(
    ("text", "named"),
    [("{", "is not JSON"), ('{"rules": [{"fault": {"freeze": true}}]}', "rules.0.fault.freeze")],
)
def test_a_bad_plan_is_one_line_and_status_2(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text)
    ended = run("--port", "0", "--plan", str(file))
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert named in ended.stderr


def test_a_missing_plan_is_one_line_and_status_2(tmp_path: Path) -> None:
    ended = run("--plan", str(tmp_path / "none.json"))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)


def test_a_plan_file_is_in_force_from_the_start(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text('{"rules": [{"match": {"calls": "1-2"}, "fault": {"throttle": true}}]}')
    with running_emulator("--plan", str(file)) as emulator:
        assert emulator.calls()["rules"] == [{"rule": 0, "matched": 0, "took_effect": 0}]


@pytest.mark.parametrize("options", [("--port", "70000"), ("--latency-ms", "-1"), ("--port", "http")])
def test_a_value_out_of_range_is_refused(options: tuple[str, str]) -> None:
    ended = run(*options)
    assert ended.returncode == 2
    assert options[0] in ended.stderr.splitlines()[-1]
