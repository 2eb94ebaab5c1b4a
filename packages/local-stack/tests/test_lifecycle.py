"""The local stack as a process: its start, its ends, its state, its exit statuses."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import small_stack
from local_stack.running import DEADLINE_SECONDS, RunningStack, alive, descendants, until
from pg8000 import native

DATABASE = small_stack.resource("aws:rds/instance:Instance", engine="postgres", dbName="things", username="owner")
SECRET = small_stack.resource("aws:secretsmanager/secret:Secret", name="the/secret")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    small_stack.write_files(tmp_path, small_stack.wiring(tmp_path, Database=DATABASE, Secret=SECRET))
    return tmp_path


def sql(stack: RunningStack, statement: str) -> Any:
    """With the password that the functions find in the secret."""
    secret = json.loads(stack.client("secretsmanager").get_secret_value(SecretId="the/secret")["SecretString"])
    database = stack.ready["database"]
    connection = native.Connection(
        secret["username"],
        password=secret["password"],
        database=database["name"],
        unix_sock=f"{database['host']}/.s.PGSQL.{database['port']}",
    )
    try:
        return connection.run(statement)
    finally:
        connection.close()


def leave_state(stack: RunningStack) -> None:
    stack.client("s3").put_object(
        Bucket="the-bucket", Key="a/b", Body=b"\n\x00body\n", ContentType="text/x", Metadata={"k": "v"}
    )
    stack.client("ssm").put_parameter(Name="/the/parameter", Value="changed", Overwrite=True)
    sqs = stack.client("sqs")
    quiet = sqs.get_queue_url(QueueName="quiet")["QueueUrl"]
    for body in ("in flight", "waiting"):
        sqs.send_message(QueueUrl=quiet, MessageBody=body)
        if body == "in flight":
            assert sqs.receive_message(QueueUrl=quiet)["Messages"]
    sql(stack, "CREATE TABLE thing (name text)")
    sql(stack, "INSERT INTO thing VALUES ('kept')")


def assert_state(stack: RunningStack) -> None:
    found = stack.client("s3").get_object(Bucket="the-bucket", Key="a/b")
    assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (b"\n\x00body\n", "text/x", {"k": "v"})
    assert stack.client("ssm").get_parameter(Name="/the/parameter")["Parameter"]["Value"] == "changed"
    sqs = stack.client("sqs")
    quiet = sqs.get_queue_url(QueueName="quiet")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=quiet, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in messages] == ["waiting"]
    attributes = sqs.get_queue_attributes(QueueUrl=quiet, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "2"
    assert sql(stack, "SELECT name FROM thing") == [["kept"]]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_state_survives_and_no_process_does(directory: Path, signum: signal.Signals) -> None:
    data = ["--data-dir", str(directory / "data")]
    with small_stack.running(directory, *data) as stack:
        leave_state(stack)
        processes = stack.processes()
        assert len(processes) > 5
        run_dir = Path(stack.ready["database"]["host"]).parent
        stack.end(signum)
        # The next one starts at once: it has to wait for what the children of a killed one still write.
        with small_stack.running(directory, *data) as again:
            assert_state(again)
            assert not run_dir.exists()
        until(lambda: not alive(processes), 5)


def test_ctrl_c_ends_everything(directory: Path) -> None:
    with small_stack.running(directory) as stack:
        processes = stack.processes()
        run_dir = Path(stack.ready["database"]["host"]).parent
        assert stack.end(signal.SIGINT) == 0
        assert not alive(processes)
        assert not run_dir.exists()


def test_a_second_start_is_refused_and_a_service_that_ends_by_itself_ends_the_stack(directory: Path) -> None:
    data = ["--data-dir", str(directory / "data")]
    with small_stack.running(directory, *data) as stack:
        second = run(small_stack.command(directory, "--port", "0", *data))
        assert second.returncode == 2
        assert f"is in use by another local stack (process {stack.process.pid})" in second.stderr
        assert stack.request("GET", "/bare")[0] == 200
        processes = stack.processes()
        os.kill(stack.ready["pids"]["services"]["moto"], signal.SIGKILL)
        assert stack.process.wait(DEADLINE_SECONDS) == 1
        assert "moto has ended by itself" in stack.log()
        assert not alive(processes)


def test_a_busy_port(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(small_stack.command(directory, "--port", str(port)))
    assert result.returncode == 2
    assert result.stderr == f"local-stack: port {port} is in use: choose another with --port N\n"


def test_an_unreadable_request_file(directory: Path) -> None:
    result = run(small_stack.command(directory, "--once", str(directory / "nothing.json")))
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "No such file or directory" in result.stderr


def test_once(tmp_path: Path) -> None:
    small_stack.write_files(tmp_path, small_stack.wiring(tmp_path))
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"outcome": "succeeded"}))
    result = run(small_stack.command(tmp_path, "--once", str(request)))
    assert (result.returncode, result.stdout) == (0, '{\n  "status": "succeeded"\n}\n')
    assert "ready after" in result.stderr


def test_a_second_signal_kills_immediately(directory: Path) -> None:
    with small_stack.running(directory, "--data-dir", str(directory / "data")) as stack:
        processes = stack.processes()
        for pid in stack.ready["pids"]["services"].values():
            os.kill(pid, signal.SIGSTOP)  # so that an orderly end takes longer than the test
        stack.process.send_signal(signal.SIGINT)
        until(lambda: "ending on SIGINT" in stack.log())
        started = time.monotonic()
        assert stack.end(signal.SIGINT) == 128 + signal.SIGINT
        assert time.monotonic() - started < 1
        until(lambda: not alive(processes), 5)


@pytest.mark.parametrize(("after", "signum"), [("", signal.SIGTERM), ("PostgreSQL", signal.SIGHUP)])
def test_a_signal_during_the_start(directory: Path, after: str, signum: signal.Signals) -> None:
    with (directory / "output").open("wb") as log:
        process = subprocess.Popen(small_stack.command(directory, "--port", "0"), stdout=subprocess.DEVNULL, stderr=log)
    until(lambda: len(descendants(process.pid)) > 1 and after in (directory / "output").read_text())
    processes = {process.pid, *descendants(process.pid)}
    process.send_signal(signum)
    assert process.wait(DEADLINE_SECONDS) == 0
    until(lambda: not alive(processes))
    assert "Traceback" not in (directory / "output").read_text()  # of the stack itself, or of a part cut off


def test_a_failed_invocation_fails_the_start(tmp_path: Path) -> None:
    failing = small_stack.function("the-once", "once", environment={"variables": {"ONCE": "fail"}})
    small_stack.write_files(tmp_path, small_stack.wiring(tmp_path, Once=failing))
    result = run(small_stack.command(tmp_path, "--port", "0"))
    assert result.returncode == 1
    assert "local-stack: Invocation: the invocation failed" in result.stderr
    assert "cannot migrate" in result.stderr


def test_a_mistake_in_the_wiring_is_reported_before_anything_starts(tmp_path: Path) -> None:
    small_stack.write_files(
        tmp_path, small_stack.wiring(tmp_path, Topic=small_stack.resource("aws:sns/topic:Topic", name="t"))
    )
    result = run(small_stack.command(tmp_path, "--port", "0"))
    assert result.returncode == 2
    assert result.stderr == "local-stack: Topic: the local stack does not know the resource type aws:sns/topic:Topic\n"


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False)
