"""The stage's limits apply to all workers together: concurrent model calls, and the daily spending."""

import contextlib
import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from local_stack.running import until

from tests.e2e.conftest import ROOT, Pipeline, running

SLOTS = 3
OF_ONE_TENANT = SLOTS - 1
"""The last slot is left to other tenants."""
DAILY_USD = Decimal("0.03")
"""Too little for 4,000 output tokens, or for 1,800 twice. The default model costs 10 dollars per million."""
DOCUMENT = {"text": "The boiler failed on Monday. A new valve is on order."}


def wiring(directory: Path, **limits: object) -> Path:
    """The stack's wiring with other limits."""
    document = json.loads((ROOT / "infra" / "wiring.json").read_text())
    config = document["resources"]["Config"]["inputs"]
    config["value"] = json.dumps({**json.loads(config["value"]), "limits": limits})
    file = directory / "wiring.json"
    file.write_text(json.dumps(document))
    return file


def limited(directory: Path, latency_ms: int = 400, **limits: object) -> contextlib.AbstractContextManager[Pipeline]:
    """Run a pipeline with a slow model and a low spending limit."""
    file = wiring(directory, concurrent_model_calls=SLOTS, daily_usd=float(DAILY_USD), **limits)
    return running(directory, "--wiring", str(file), "--bedrock-latency-ms", str(latency_ms))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with limited(tmp_path_factory.mktemp("limits")) as started:
        yield started


def model_calls(pipeline: Pipeline) -> dict[str, Any]:
    url = f"{pipeline.ready['bedrock_endpoint_url']}/_emulator/calls"
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - the emulator's own URL
        report: dict[str, Any] = json.load(answer)
    return report


def test_concurrent_calls_do_not_exceed_the_number_of_slots(pipeline: Pipeline) -> None:
    jobs = [pipeline.submit("summary", DOCUMENT, model="fast") for _ in range(8)]
    for job_id in jobs:
        assert pipeline.finished(job_id)["status"] == "succeeded"
    report = model_calls(pipeline)
    assert report["most_in_flight"] == OF_ONE_TENANT
    assert report["total"] == len(jobs)  # a worker without a slot makes no call
    ledger = pipeline.rows("SELECT count(*), count(cost_usd), min(outcome), max(outcome) FROM model_calls")
    assert ledger == [[len(jobs), len(jobs), "answered", "answered"]]


def test_a_request_that_may_exceed_the_daily_limit_is_refused(pipeline: Pipeline) -> None:
    expensive = {"analysis": "summary", "input": DOCUMENT, "parameters": {"max_tokens": 4000}}
    before = pipeline.jobs()
    status, headers, body = pipeline.request(
        "POST", "/analyze", json.dumps(expensive).encode(), {"content-type": "application/json"}
    )
    assert (status, json.loads(body)["title"]) == (429, "Daily spending limit reached")
    assert 0 < int(headers["retry-after"]) <= 86_400
    assert pipeline.jobs() == before


def test_accepted_jobs_over_the_daily_limit_wait_without_exceeding_it(tmp_path: Path) -> None:
    # Slow, so that the first call holds its reservation until the other jobs are claimed, also on a busy machine.
    with limited(tmp_path, latency_ms=5_000, over_limit="wait") as pipeline:
        jobs = [pipeline.submit("summary", DOCUMENT, parameters={"max_tokens": 1800}) for _ in range(4)]

        def waiting() -> int:
            return int(pipeline.rows("SELECT count(*) FROM jobs WHERE release_reason = 'daily_limit'")[0][0])

        until(lambda: waiting() + model_calls(pipeline)["total"] == len(jobs), seconds=30)
        assert waiting() > 0
        assert "failed" not in {pipeline.get(f"/status/{job_id}")[1]["status"] for job_id in jobs}
        ((spent,),) = pipeline.rows("SELECT usd FROM daily_spend WHERE tenant_id = ''")
        assert spent <= DAILY_USD


HOSTILE = ("!" * 15_000, "水" * 7_000, "👩‍👩‍👧‍👦" * 1_000, "QUJD+/==" * 2_000, "1,2;3\t" * 2_000)
"""Texts of many tokens a character."""


def test_a_hundred_concurrent_requests_never_overspend_and_none_waits_for_another_day(tmp_path: Path) -> None:
    cap = Decimal("0.40")
    file = wiring(tmp_path, concurrent_model_calls=SLOTS, daily_usd=float(cap))
    with running(tmp_path, "--wiring", str(file)) as pipeline:
        open_jobs = "SELECT count(*) FROM jobs WHERE status IN ('queued', 'running')"
        spent: list[Decimal] = []

        def ended() -> bool:
            spent.append(pipeline.rows("SELECT coalesce(sum(usd), 0) FROM daily_spend WHERE tenant_id = ''")[0][0])
            return pipeline.rows(open_jobs) == [[0]]

        def post(number: int) -> tuple[int, str]:
            text = f"{number} {HOSTILE[number % len(HOSTILE)]}"
            status, body = pipeline.post({"analysis": "summary", "input": {"text": text}})
            return status, body.get("title", "")

        with ThreadPoolExecutor(20) as pool:
            answers = Counter(pool.map(post, range(100)))
        until(ended, seconds=110)
        assert max(spent) <= cap, spent
        assert answers.total() == 100
        assert answers.keys() <= {(202, ""), (429, "Queued jobs too costly"), (429, "Daily spending limit reached")}
        assert 0 < answers[202, ""] < 100
        failures = "SELECT DISTINCT error_code FROM jobs WHERE status = 'failed'"
        assert pipeline.rows(failures) in ([], [["output_truncated"]])  # of emoji, which take many tokens to quote
