"""The cost of complaints in the ledger of PostgreSQL, with and without prompt caching, by the emulator's usage."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from bedrock_emulator.running import RunningEmulator, running_emulator
from pipeline import analyses
from pipeline.jobs.domain.job import ClaimedJob
from pipeline.jobs.domain.job_config import RequestedParameters, resolve_job_config
from pipeline.jobs.services.analysis_run import AnalysisRun
from pipeline.models.bedrock import BedrockChatModel
from pipeline.models.calls import CallOwner
from pipeline.models.ledgered_chat import LedgeredChat
from pipeline.models.postgres_call_ledger import PostgresCallLedger
from pipeline.models.stage_config import Limits, StageConfig
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support.fakes import FakeClock
from tests.support.policy import POLICY

COMPLAINTS = Path(__file__).parents[1] / "data" / "cfpb-complaints.jsonl"
NAME = "complaint-triage"
LEDGER = """
SELECT count(*) AS calls, sum(input_tokens) AS input, sum(output_tokens) AS output, sum(cache_read_tokens) AS read,
       sum(cache_write_tokens) AS written, sum(cost_usd) AS usd,
       count(*) FILTER (WHERE cache_write_tokens > 0) AS writes
FROM model_calls WHERE owner_id = CAST(:owner AS uuid)
"""


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as running:
        yield running


class Worker:
    """Runs complaints one after another, all as one job, so that the ledger can sum them up."""

    def __init__(self, emulator: RunningEmulator, database: DatabaseSettings) -> None:
        client = boto3.client(
            "bedrock-runtime",
            endpoint_url=emulator.url,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        self._model = BedrockChatModel(lambda: client, POLICY.model)
        self.postgres = Postgres(database, lambda: ["unused"], POLICY.database)
        self._ledger = PostgresCallLedger(self.postgres, POLICY.circuit, POLICY.denials, POLICY.prompt_cache)

    def run(self, complaints: list[dict[str, Any]], owner: CallOwner, *, caching: bool) -> None:
        stage = StageConfig.model_validate({"llm": {"prompt_caching": caching}})
        model, analysis = stage.catalogue.find(stage.default_model), analyses.load()[NAME]
        config = json.loads(resolve_job_config(stage, model, analysis, RequestedParameters(), {}).as_json())
        for complaint in complaints:
            job = ClaimedJob(owner.id, owner.tenant_id, 1, 0, NAME, complaint, FakeClock()(), config)
            chat = LedgeredChat(self._model, self._ledger, Limits(), owner, slot_margin_s=15)
            AnalysisRun(chat, job, lambda: True, max_answers=POLICY.model.answers_per_attempt).result(analysis)


def cost(
    emulator: RunningEmulator, database: DatabaseSettings, number: int, workers: int, *, caching: bool
) -> dict[str, Any]:
    """The sums of the ledger over that many complaints."""
    texts = [json.loads(line)["narrative"] for line in COMPLAINTS.read_text(encoding="utf-8").splitlines()]
    complaints = [{"narrative": texts[n % len(texts)]} for n in range(number)]
    owner = CallOwner("job", uuid4(), "a", 1)
    at_work = [Worker(emulator, database) for _ in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        runs = [
            pool.submit(worker.run, complaints[n::workers], owner, caching=caching) for n, worker in enumerate(at_work)
        ]
        for run in runs:
            run.result()
    (row,) = at_work[0].postgres.run(LEDGER, owner=str(owner.id))
    for worker in at_work:
        worker.postgres.close()
    return row


def test_caching_lowers_the_cost_of_complaints_to_less_than_half(
    emulator: RunningEmulator, database: DatabaseSettings, postgres: Postgres
) -> None:
    without = cost(emulator, database, 40, 2, caching=False)
    cached = cost(emulator, database, 40, 2, caching=True)
    assert without["calls"] == cached["calls"] == 40
    assert without["read"] == without["written"] == 0
    assert cached["read"] + cached["written"] + cached["input"] == without["input"]
    assert 1 <= cached["writes"] <= 3
    assert cached["usd"] < without["usd"] * Decimal("0.5")
