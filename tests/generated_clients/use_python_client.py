"""Uses the client that openapi-python-client generates: ``python use_python_client.py API_URL TOKEN``."""

import sys
import time
from datetime import UTC, datetime

from generated import AuthenticatedClient
from generated.api.jobs import analyze, jobs, status
from generated.models import Accepted, PageBody, Problem, StatusBody, SummaryInput, SummaryRequest, SummaryResult


def main(api_url: str, token: str) -> None:
    """Submit a job, poll it and list it."""
    client = AuthenticatedClient(base_url=api_url, token=token)
    begun = datetime.now(UTC)
    request = SummaryRequest(analysis="summary", input_=SummaryInput(text="The lift is out of order."))
    accepted = analyze.sync(client=client, body=request, idempotency_key="python-client")
    assert isinstance(accepted, Accepted), accepted
    while (job := status.sync(accepted.id, client=client)) and job.status in ("queued", "running"):
        time.sleep(0.2)
    assert isinstance(job, StatusBody), job
    assert job.status == "succeeded", job
    assert isinstance(job.result, SummaryResult), job.result
    page = jobs.sync(client=client, analysis="summary", created_from=begun.replace(microsecond=0), limit=5)
    assert isinstance(page, PageBody), page
    assert accepted.id in [listed.id for listed in page.jobs]
    blank = SummaryRequest(analysis="summary", input_=SummaryInput(text=" "))
    refused = analyze.sync(client=client, body=blank)
    assert isinstance(refused, Problem), refused
    print(accepted.id)  # noqa: T201


main(*sys.argv[1:])
