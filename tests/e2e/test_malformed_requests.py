"""Requests that no server can read: what is in them is in no log of any process of the pipeline.

The search itself is at the end of the session: see `running` in conftest.py.
"""

import pytest
from local_stack.malformed import listening_ports, malformed_requests, send

from tests.e2e.conftest import Pipeline

pytestmark = pytest.mark.xdist_group("shared-pipeline")
SECRET = "canary-of-a-malformed-request"


def test_every_port_survives_malformed_requests(pipeline: Pipeline) -> None:
    pipeline.canaries.add("malformed request", SECRET)
    ports = listening_ports(pipeline.processes())
    assert len(ports) >= 5  # the API, the emulator, moto, Lambda's Invoke, and a runtime API for each function
    for port in ports:
        for raw in malformed_requests(SECRET):
            send(port, raw)
    job = pipeline.submit("summary", {"text": "Rain is likely."})
    assert pipeline.finished(job)["status"] == "succeeded"
