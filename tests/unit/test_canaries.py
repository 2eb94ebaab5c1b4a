"""The canary search finds each form in which a log could contain confidential data."""

import base64
import json

import pytest

from tests.support.canaries import Canaries

DOCUMENT = 'My landlord, Mr Böhm, kept the deposit of 1,200 euro.\nHe wrote so in "writing".'
LINK = "https://s3.example.com/results/1/1.json?X-Amz-Signature=5d2f8a9c&X-Amz-Expires=300"


@pytest.fixture
def canaries() -> Canaries:
    """Canaries of a request with every kind of confidential data, and of its response."""
    canaries = Canaries()
    body = {"analysis": "summary", "input": {"text": DOCUMENT}, "metadata": {"customer": "customer-4711"}}
    headers = {"Authorization": "Bearer eyJhbGciOi.J9.c2ln", "idempotency-key": "key-of-the-caller"}
    canaries.sent(headers, json.dumps(body).encode())
    canaries.received(json.dumps({"result": {"summary": "A deposit is kept."}, "result_url": LINK}).encode())
    canaries.add("password", "hunter2-hunter2")
    return canaries


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (f"document was {DOCUMENT[:30]}...", "document"),
        (json.dumps({"event": {"body": DOCUMENT}}), "document"),
        (repr({"text": DOCUMENT}), "document"),
        (base64.b64encode(DOCUMENT[:24].encode()).decode(), "document"),
        ("DETAIL:  Failing row contains (1, customer-4711, ...)", "metadata"),
        ("DETAIL:  Key (tenant_id, idempotency_key)=(a, key-of-the-caller) already exists.", "idempotency-key"),
        ("headers={'authorization': 'Bearer eyJhbGciOi.J9.c2ln'}", "authorization"),
        ('invalid output: "A deposit is kept."', "result"),
        (f"signed {LINK}", "link"),
        ("password=hunter2-hunter2", "password"),
    ],
)
def test_confidential_data_in_a_line_is_found(canaries: Canaries, line: str, where: str) -> None:
    assert any(found.startswith(f"{where}: ") for found in canaries.found_in(f"started\n{line}\nended\n"))


def test_identifiers_in_a_line_are_allowed(canaries: Canaries) -> None:
    line = {"message": "accepted", "analysis": "summary", "job_id": "6b0f3f0e-8f0f-4f6e-9a3a-0d6f1c1d7b52"}
    assert canaries.found_in(json.dumps(line)) == []
