"""The real local stack, in a process of its own, and the harness's own ways into it: none through a proxy."""

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

from chaos_harness.output import say

READY_WITHIN_S = 90.0
MODEL_LATENCY_MS = 200
"""Long enough to be killed in the middle of."""


class StackFailed(Exception):
    """The stack did not start, or has ended by itself."""


class Stack:
    """Started by ``start``, ended by ``stop``."""

    def __init__(self, directory: Path, root: Path) -> None:
        self.directory = directory
        self._root = root
        self._children = Children()
        self._process: asyncio.subprocess.Process | None = None
        self.ready: dict[str, Any] = {}

    async def start(self, wiring: dict[str, Any], model_plan: dict[str, Any]) -> None:
        """Until it is ready. On a machine that is too busy the functions may give up waiting: then once more."""
        try:
            await self._start(wiring, model_plan)
        except StackFailed as failed:
            say(f"the stack did not start, once more: {failed}")
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
        """All that the stack and its functions say."""
        return self.directory / "stack.log"

    def has_ended(self) -> bool:
        """It should not."""
        return self._process is None or self._process.returncode is not None

    async def stop(self) -> None:
        """In order."""
        await self._children.stop_all(15.0)

    def rows(self, sql: str, **parameters: object) -> list[list[Any]]:
        """Of one statement, on a connection of its own, as the master user."""
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
        """boto3's, without a detour."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.ready["aws_endpoint_url"],
            region_name="us-east-1",
            aws_access_key_id="chaos",
            aws_secret_access_key="chaos",  # noqa: S106 - moto wants one and checks none
            config=Config(s3={"addressing_style": "path"}),
        )

    def _prepare(self) -> None:
        # The stack's database is one that nobody will read again; ours must survive the kill of a backend, and what is
        # committed must then be written. (Without fsync still: it is a process that dies, not the machine.)
        name = self.ready["database"]["name"]
        self.rows(f'ALTER DATABASE "{name}" SET synchronous_commit TO on')
        s3 = self.client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            s3.put_bucket_versioning(Bucket=bucket["Name"], VersioningConfiguration={"Status": "Enabled"})
