"""Proof that the deployed system works: the API answers, a real job succeeds, and the queue feeds a function.

The job is the only change. ``API_TOKEN`` is the caller's token if the API requires one; without it, requests are signed
with the AWS credentials, which an open API ignores.
"""

import base64
import hashlib
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config

REQUEST = Path(__file__).resolve().parents[3] / "scripts" / "examples" / "complaint.json"
FINAL = {"succeeded", "failed", "cancelled"}

HEALTH_PATIENCE_S = 300.0
"""New functions in a VPC take up to 90 s to become active, and a new RDS Proxy some minutes to reach its database."""

JOB_PATIENCE_S = 900.0
"""Three model calls of 125 s, and some minutes for the retry of a throttled one."""

WAITS = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs of the deploy, from ``.sst/outputs.json``."""

    api: str
    queue: str
    functions: dict[str, str]
    """Names of the functions on AWS, by their SST component."""
    operator: str = ""
    """Name of the function that operators call; empty for a release without one."""

    @classmethod
    def read(cls, root: Path) -> Self:
        """Read the outputs of the last deploy. Raises OSError, ValueError or KeyError."""
        content = json.loads((root / ".sst" / "outputs.json").read_text(encoding="utf-8"))
        return cls(
            api=str(content["api"]),
            queue=str(content["queue"]),
            functions=dict(content["functions"]),
            operator=str(content.get("operator", "")),
        )

    @property
    def region(self) -> str:
        """The queue's region."""
        found = re.search(r"//sqs\.([a-z0-9-]+)\.", self.queue)
        return found.group(1) if found else "us-east-1"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of the API. With status 0 there was no response, for the reason in ``body``."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


type Call = Callable[[str, str, dict[str, Any] | None], Answer]


class Api:
    """A client of the deployed API."""

    def __init__(self, url: str, session: boto3.Session, region: str) -> None:
        self._url = url if url.endswith("/") else f"{url}/"
        self._session = session
        self._region = region

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        url = urljoin(self._url, path.lstrip("/"))
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} if data else {}
        if data:
            headers["idempotency-key"] = str(uuid.uuid4())
        request = urllib.request.Request(url, data, self._authorised(method, url, data, headers), method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=35) as answer:  # noqa: S310 - the deploy's own output
                return _answer(answer.status, answer.read(), dict(answer.headers))
        except urllib.error.HTTPError as exc:
            return _answer(exc.code, exc.read(), dict(exc.headers))
        except OSError as exc:
            return Answer(0, {"detail": str(exc)}, {})

    def _authorised(self, method: str, url: str, data: bytes | None, headers: dict[str, str]) -> dict[str, str]:
        if token := os.environ.get("API_TOKEN"):
            return {**headers, "authorization": f"Bearer {token}"}
        credentials = self._session.get_credentials()
        if credentials is None:
            return headers
        request = AWSRequest(method=method, url=url, data=data, headers={**headers, "host": urlsplit(url).netloc})
        SigV4Auth(credentials, "execute-api", self._region).add_auth(request)
        return dict(request.headers.items())


def _answer(status: int, body: bytes, headers: dict[str, str]) -> Answer:
    try:
        content = json.loads(body)
    except ValueError:
        content = {"detail": body[:200].decode("utf-8", "replace")}
    given = content if isinstance(content, dict) else {}
    return Answer(status, given, {name.lower(): value for name, value in headers.items()})


def health(call: Call, stage: str, sleep: Callable[[float], None] = time.sleep) -> Iterator[str]:
    """Problems of the API and its dependencies, or an API of another stage."""
    waited = 0.0
    while (answer := call("GET", "/health", None)).status != 200 and waited < HEALTH_PATIENCE_S:
        sleep(5)
        waited += 5
    if answer.status != 200 or answer.body.get("status") != "ok":
        yield f"GET /health answers {answer.status}: {json.dumps(answer.body)[:500]}"
    elif answer.body.get("stage") != stage:
        yield f"GET /health is of stage {answer.body.get('stage')}, not of {stage}: these are another deploy's outputs"


def job(call: Call, sleep: Callable[[float], None] = time.sleep) -> Iterator[str]:
    """Problems of one real job: it is accepted, calls the model, and has a result."""
    request = {**json.loads(REQUEST.read_text(encoding="utf-8")), "metadata": {"purpose": "deploy-proof"}}
    accepted = call("POST", "/analyze", request)
    if accepted.status != 202:
        yield f"POST /analyze answers {accepted.status}: {json.dumps(accepted.body)[:500]}{_hint(accepted.status)}"
        return
    path, waited = f"/status/{accepted.body['id']}", 0.0
    while waited < JOB_PATIENCE_S:
        pause = min(max(float(accepted.headers.get("retry-after", "2")), 1.0), 15.0)
        sleep(pause)
        waited += pause
        answer = call("GET", path, None)
        if answer.status in (0, 503):
            continue
        if answer.status != 200:
            yield f"GET {path} answers {answer.status}: {json.dumps(answer.body)[:500]}"
            return
        if answer.body.get("status") in FINAL:
            if answer.body["status"] != "succeeded" or not answer.body.get("result"):
                yield f"Job {accepted.body['id']} ended {answer.body['status']}: {json.dumps(answer.body.get('error'))}"
            return
    yield f"Job {accepted.body['id']} has not finished after {JOB_PATIENCE_S:g} s: see the worker's log"


def _hint(status: int) -> str:
    if status == 401:
        return " Set API_TOKEN to a token that may submit."
    if status == 403:
        token = os.environ.get("API_TOKEN")
        return (
            " The token needs a scope to submit." if token else " The credentials need execute-api:Invoke on the API."
        )
    return ""


def code(root: Path, functions: dict[str, str], client: Callable[[str], Any]) -> Iterator[str]:
    """Functions that do not run the code that was built here. Functions that were not built here are skipped."""
    for name, function in functions.items():
        archive = root / ".sst" / "artifacts" / name / "code.zip"
        if archive.is_file():
            live = client("lambda").get_function_configuration(FunctionName=function)
            built = base64.b64encode(hashlib.sha256(archive.read_bytes()).digest()).decode()
            if live.get("LastUpdateStatus") == "Failed":
                yield f"The last update of {function} failed: {live.get('LastUpdateStatusReason')}"
            elif live["CodeSha256"] != built:
                yield f"{function} runs different code than {archive.relative_to(root)}"


def wiring(queue_url: str, client: Callable[[str], Any]) -> Iterator[str]:
    """Problems of the queue: it feeds a function, and failed messages go to a dead-letter queue."""
    sqs = client("sqs")
    queue = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn", "RedrivePolicy"])["Attributes"]
    sources = client("lambda").list_event_source_mappings(EventSourceArn=queue["QueueArn"])["EventSourceMappings"]
    if not sources:
        yield "No function reads the queue: jobs stay queued"
    for source in sources:
        if source.get("State") not in ("Enabled", "Enabling", "Updating"):
            yield f"The queue's event source mapping is {source.get('State')}: jobs stay queued"
        if "ReportBatchItemFailures" not in source.get("FunctionResponseTypes", []):
            yield "The event source mapping does not report batch item failures: failed jobs count as done"
    policy = json.loads(queue.get("RedrivePolicy", "{}"))
    if not policy.get("deadLetterTargetArn"):
        yield "The queue has no dead-letter queue: failed messages are delivered again for 14 days"
        return
    name = policy["deadLetterTargetArn"].rpartition(":")[2]
    dead_letters = sqs.get_queue_attributes(
        QueueUrl=f"{queue_url.rpartition('/')[0]}/{name}", AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    if count := int(dead_letters["ApproximateNumberOfMessages"]):
        # Not a problem of this deploy, which may fix their cause: they are older than its first job.
        sys.stderr.write(f"Note: {count} old messages are in the dead-letter queue {name}\n")


def prove(root: Path, stage: str) -> list[str]:
    """All problems; empty if the live system works. Raises the errors of reading the outputs and of calling AWS."""
    outputs = Outputs.read(root)
    session = boto3.Session(region_name=outputs.region)
    call = Api(outputs.api, session, outputs.region)

    def client(service: str) -> Any:
        return _client(session, service)

    problems = [*code(root, outputs.functions, client), *wiring(outputs.queue, client), *health(call, stage)]
    return problems or list(job(call))


def _client(session: Any, service: str) -> Any:
    return session.client(service, config=WAITS)
