"""The complete pipeline, started by ``./scripts/local.sh``: one stack for each configuration in a session.

Modules that use the same session fixture name the same ``xdist_group``, so that one worker runs them all.
"""

import contextlib
import http.client
import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from local_stack.issuer import Issuer, issuing
from local_stack.running import RunningStack, started, until
from pg8000 import native
from pipeline.definitions.prompting import DATA_ONLY

from tests.support import authorization_wiring
from tests.support.canaries import Canaries

ROOT = Path(__file__).parents[2]
FINAL = {"succeeded", "failed", "cancelled"}

type Credentials = Callable[[str, str, bytes], dict[str, str]]
"""Headers that identify the caller, for a method, a URL and a body."""


def no_credentials(_method: str, _url: str, _body: bytes) -> dict[str, str]:
    """The API of dev is open."""
    return {}


class Pipeline(RunningStack):
    """The running pipeline, with the requests of a client."""

    def __init__(self, process: subprocess.Popen[bytes], directory: Path) -> None:
        super().__init__(process, directory)
        self.canaries = Canaries()
        self.credentials: Credentials = no_credentials
        """Headers of each request; headers of a single request override them."""

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Send a request. At the end of the session, the log is searched for its content."""
        headers = {**self.credentials(method, f"{self.ready['api_url']}{path}", body or b""), **(headers or {})}
        self.canaries.sent(headers, body)
        status, given, answer = super().request(method, path, body, headers)
        self.canaries.received(answer)
        return status, given, answer

    def post(self, body: object, **headers: str) -> tuple[int, Any]:
        """Send ``POST /analyze``. Bytes and strings are sent unchanged."""
        raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        given = {
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        status, _, answer = self.request("POST", "/analyze", raw, given)
        return status, json.loads(answer)

    def get(self, path: str) -> tuple[int, Any]:
        """Send a GET request. Returns the status and the JSON of the response."""
        status, _, answer = self.request("GET", path)
        return status, json.loads(answer)

    def submit(self, analysis: str, document: object, **more: object) -> str:
        """Submit a job that must be accepted. Returns its id."""
        status, body = self.post({"analysis": analysis, "input": document, **more})
        assert status == 202, body
        return str(body["id"])

    def finished(self, job_id: str, seconds: float = 60.0) -> dict[str, Any]:
        """Wait until the job has ended. Returns its status."""

        def final() -> dict[str, Any] | None:
            status, body = self.get(f"/status/{job_id}")
            assert status == 200
            return body if body["status"] in FINAL else None

        body = until(final, seconds)
        assert body is not None
        return body

    def plan(self, *rules: dict[str, object]) -> None:
        """Replace the plan of injected faults of the Bedrock emulator."""
        request = urllib.request.Request(  # noqa: S310 - the emulator's own URL
            f"{self.ready['bedrock_endpoint_url']}/_emulator/plan", json.dumps({"rules": rules}).encode(), method="PUT"
        )
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310

    def rows(self, sql: str, **parameters: object) -> list[list[Any]]:
        """Run a query in the stack's database. Returns its rows."""
        database = self.ready["database"]
        socket = f"{database['host']}/.s.PGSQL.{database['port']}"
        with contextlib.closing(
            native.Connection(
                database["username"], database=database["name"], password=database["password"], unix_sock=socket
            )
        ) as connection:
            return list(connection.run(sql, **parameters) or [])

    def jobs(self) -> int:
        """The number of all jobs."""
        return int(self.rows("SELECT count(*) FROM jobs")[0][0])

    def settle(self) -> None:
        """Wait until every job has ended, so that jobs of another test do not affect this one."""
        waiting = "SELECT count(*) FROM jobs WHERE status IN ('queued', 'running')"
        until(lambda: self.rows(waiting)[0][0] == 0, 60)


@contextlib.contextmanager
def running(directory: Path, *arguments: str) -> Iterator[Pipeline]:
    """Run the pipeline. At its end, its log is searched for the content of all requests."""
    with started(Pipeline, directory, [str(ROOT / "scripts" / "local.sh"), *arguments], seconds=60) as pipeline:
        database = pipeline.ready["database"]
        pipeline.canaries.add("password", database["password"])
        pipeline.canaries.add("prompt", DATA_ONLY)
        # The level of RDS. The local stack hides the database's messages by default.
        pipeline.rows(f'ALTER DATABASE "{database["name"]}" SET log_min_messages = warning')
        yield pipeline
    assert pipeline.canaries.found_in(pipeline.log()) == []


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The shared pipeline with the committed wiring. A module that needs injected faults sets its plan."""
    with running(tmp_path_factory.mktemp("pipeline")) as started:
        yield started


def wired(directory: Path, wiring: dict[str, Any]) -> contextlib.AbstractContextManager[Pipeline]:
    """Run the pipeline with a given wiring in place of the committed one."""
    file = directory / "wiring.json"
    file.write_text(json.dumps(wiring), encoding="utf-8")
    return running(directory, "--wiring", str(file))


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """The issuer of the tokens in these tests."""
    with issuing() as issuer:
        yield issuer


@pytest.fixture(scope="session")
def jwt_pipeline(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Iterator[Pipeline]:
    """A pipeline with JWT authorization by the issuer."""
    with wired(tmp_path_factory.mktemp("tokens"), authorization_wiring.jwt_wiring(issuer.url)) as pipeline:
        yield pipeline


@pytest.fixture(scope="session")
def complaints() -> list[dict[str, Any]]:
    """A hundred real complaints with their labels (CFPB, public domain)."""
    lines = (ROOT / "tests" / "data" / "cfpb-complaints.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
