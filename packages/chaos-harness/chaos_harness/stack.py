"""The local stack in its own process, and the harness's connections to it, which bypass the proxies."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from local_stack.processes import Children
from pg8000 import native

from chaos_harness.output import progress

READY_WITHIN_S = 90.0

MODEL_LATENCY_MS = 200
"""Long enough to kill a worker during a call."""


class StackFailed(Exception):
    """The stack did not start, or it ended during the run."""


class Stack:
    """The local stack of a run."""

    def __init__(self, directory: Path, root: Path) -> None:
        self.directory = directory
        self._root = root
        self._children = Children()
        self._process: asyncio.subprocess.Process | None = None
        self.ready: dict[str, Any] = {}

    async def start(self, wiring: dict[str, Any], model_plan: dict[str, Any]) -> None:
        """Start the stack and wait until it is ready. A busy machine may need a second attempt. Raises StackFailed."""
        try:
            await self._start(wiring, model_plan)
        except StackFailed as exc:
            progress(f"the stack did not start; trying once more: {exc}")
            await self._start(wiring, model_plan)

    async def _start(self, wiring: dict[str, Any], model_plan: dict[str, Any]) -> None:
        files = {name: self.directory / f"{name}.json" for name in ("wiring", "plan", "ready")}
        files["wiring"].write_text(json.dumps(wiring))
        files["plan"].write_text(json.dumps(model_plan))
        paths = {"--root": self._root, "--wiring": files["wiring"], "--ready-file": files["ready"]}
        arguments = ["--port", "0", *(str(part) for option in paths.items() for part in option)]
        model = ["--bedrock-plan", str(files["plan"]), "--bedrock-latency-ms", str(MODEL_LATENCY_MS)]
        with self.log_file.open("wb") as log:
            self._process = await self._children.start(
                [sys.executable, "-m", "local_stack", *arguments, *model],
                env=dict(os.environ),
                ends_on=signal.SIGTERM,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log.fileno(),
            )
        async with asyncio.timeout(READY_WITHIN_S):
            while not files["ready"].exists():
                if self._process.returncode is not None:
                    raise StackFailed(self.log_file.read_text(errors="replace")[-1000:])
                await asyncio.sleep(0.05)
        self.ready = json.loads(files["ready"].read_text())
        await asyncio.to_thread(self._prepare)

    @property
    def log_file(self) -> Path:
        """The log of the stack and its functions."""
        return self.directory / "stack.log"

    def has_ended(self) -> bool:
        """Whether the stack's process has ended."""
        return self._process is None or self._process.returncode is not None

    async def stop(self) -> None:
        """Stop the stack."""
        await self._children.stop_all(15.0)

    def rows(self, sql: str, **parameters: object) -> list[list[Any]]:
        """The rows of one statement, on a new connection, as the master user."""
        database = self.ready["database"]
        with contextlib.closing(
            native.Connection(
                database["username"],
                database=database["name"],
                password=database["password"],
                unix_sock=f"{database['host']}/.s.PGSQL.{database['port']}",
                timeout=10,
                application_name="chaos",
            )
        ) as connection:
            return list(connection.run(sql, **parameters) or [])

    def client(self, service: str) -> Any:
        """A boto3 client that bypasses the proxy."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.ready["aws_endpoint_url"],
            region_name="us-east-1",
            aws_access_key_id="chaos",
            aws_secret_access_key="chaos",  # noqa: S106 - moto needs a key and checks none
            config=Config(s3={"addressing_style": "path"}),
        )

    def _prepare(self) -> None:
        # The local stack commits asynchronously. Here a backend is killed, and committed changes must survive. Without
        # fsync still: only processes are killed, not the machine.
        name = self.ready["database"]["name"]
        self.rows(f'ALTER DATABASE "{name}" SET synchronous_commit TO on')
        s3 = self.client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            s3.put_bucket_versioning(Bucket=bucket["Name"], VersioningConfiguration={"Status": "Enabled"})
