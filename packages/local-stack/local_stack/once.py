"""--once: submit one request to the running stack, wait for its end, print its final status."""

import asyncio
import json
import sys
from pathlib import Path
from urllib.parse import urljoin

import aiohttp

from local_stack import output
from local_stack.errors import UsageError

POLL_SECONDS = 0.1
FINAL = frozenset({"succeeded", "failed", "cancelled"})


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise UsageError(f"cannot read the request {file}: {exc.strerror}") from exc


async def run(api_url: str, request: bytes) -> int:
    """The exit status: 0 only when the job succeeded."""
    async with aiohttp.ClientSession() as session:
        headers = {"content-type": "application/json"}
        async with session.post(f"{api_url}/analyze", data=request, headers=headers) as answer:
            body = await answer.text()
            if answer.status != 202:
                output.write_line(f"the request was refused with status {answer.status}:\n{_pretty(body)}")
                return 1
        status_url = urljoin(api_url, json.loads(body)["status_url"])
        while True:
            async with session.get(status_url) as answer:
                body = await answer.text()
                if answer.status != 200:
                    output.write_line(f"no status: {answer.status}\n{_pretty(body)}")
                    return 1
            status = json.loads(body)["status"]
            if status in FINAL:
                sys.stdout.write(_pretty(body) + "\n")
                sys.stdout.flush()
                return 0 if status == "succeeded" else 1
            await asyncio.sleep(POLL_SECONDS)


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
