"""The whole pipeline, started as its user starts it, once for the session."""

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pg8000 import native

from tests.support.local_stack import RunningStack, started, until

ROOT = Path(__file__).parents[2]
FINAL = {"succeeded", "failed", "cancelled"}


class Pipeline(RunningStack):
    """The running pipeline, and what a client does with it."""

    def post(self, body: object, **headers: str) -> tuple[int, Any]:
        """``POST /analyze``; bytes and strings are sent as they are."""
        raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        given = {
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        status, _, answer = self.request("POST", "/analyze", raw, given)
        return status, json.loads(answer)

    def get(self, path: str) -> tuple[int, Any]:
        """A GET, and its JSON."""
        status, _, answer = self.request("GET", path)
        return status, json.loads(answer)

    def submit(self, analysis: str, document: object, **more: object) -> str:
        """An accepted job's id."""
        status, body = self.post({"analysis": analysis, "input": document, **more})
        assert status == 202, body
        return str(body["id"])

    def finished(self, job_id: str, seconds: float = 60.0) -> dict[str, Any]:
        """The job's status once it is final."""

        def final() -> dict[str, Any] | None:
            status, body = self.get(f"/status/{job_id}")
            assert status == 200
            return body if body["status"] in FINAL else None

        body = until(final, seconds)
        assert body is not None
        return body

    def plan(self, *rules: dict[str, object]) -> None:
        """Tell the Bedrock emulator what to do wrong."""
        request = urllib.request.Request(  # noqa: S310 - the emulator's own URL
            f"{self.ready['bedrock_endpoint_url']}/_emulator/plan", json.dumps({"rules": rules}).encode(), method="PUT"
        )
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310

    def rows(self, sql: str, **parameters: object) -> list[list[Any]]:
        """What the database holds."""
        database = self.ready["database"]
        socket = f"{database['host']}/.s.PGSQL.{database['port']}"
        with contextlib.closing(
            native.Connection(
                database["username"], database=database["name"], password=database["password"], unix_sock=socket
            )
        ) as connection:
            return list(connection.run(sql, **parameters))

    def jobs(self) -> int:
        """How many there are."""
        return int(self.rows("SELECT count(*) FROM jobs")[0][0])


def running(directory: Path, *arguments: str) -> contextlib.AbstractContextManager[Pipeline]:
    """The pipeline, as its user starts it."""
    return started(Pipeline, directory, [str(ROOT / "scripts" / "local.sh"), *arguments], seconds=60)


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """One pipeline for all tests that do not mind each other."""
    with running(tmp_path_factory.mktemp("pipeline")) as started:
        yield started


@pytest.fixture(scope="session")
def complaints() -> list[dict[str, Any]]:
    """A hundred real complaints with their labels (CFPB, public domain)."""
    lines = (ROOT / "tests" / "data" / "cfpb-complaints.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
