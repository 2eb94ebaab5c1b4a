"""Mutants of model calls, their limits and their ledger, and of the storage of results."""

from dataclasses import replace
from typing import Any

from pipeline.platform import policy

from chaos_product.edit import edit_statement


def throttled_is_final() -> None:
    from pipeline.models import bedrock
    from pipeline.models.errors import ModelRequestRefused

    bedrock.SERVICE_ERRORS["ThrottlingException"] = ModelRequestRefused


def endless_attempts() -> None:
    policy.adjust(lambda paced: replace(paced, attempts=replace(paced.attempts, max_attempts=1000)))


def endless_corrections() -> None:
    policy.adjust(lambda paced: replace(paced, model=replace(paced.model, answers_per_attempt=1000)))


def endless_paid_calls() -> None:
    policy.adjust(lambda paced: replace(paced, model=replace(paced.model, paid_calls_per_job=1000)))


def every_failure_counts() -> None:
    from pipeline.models.postgres_call_ledger import SQL

    edit_statement(SQL, "end", "THEN health.probe_id = (SELECT id FROM ended)", "THEN true")


def greedy_tenant() -> None:
    from pipeline.models.postgres_call_ledger import SQL

    edit_statement(SQL, "begin", "(SELECT own = 0 OR slots < CAST(:slots AS integer) - 1 FROM held)", "true")


def ledger_after() -> None:
    from pipeline.models.calls import CallBegun
    from pipeline.models.postgres_call_ledger import PostgresCallLedger

    begin, end = PostgresCallLedger.begin, PostgresCallLedger.end
    planned: dict[Any, Any] = {}

    def later(_self: Any, call: Any, limits: Any) -> CallBegun:
        planned[call.id] = (call, limits)
        return CallBegun()

    def both(self: Any, call_id: Any, outcome: Any) -> None:
        begin(self, *planned.pop(call_id))
        end(self, call_id, outcome)

    setattr(PostgresCallLedger, "begin", later)  # noqa: B010 - mypy refuses to assign to a method
    setattr(PostgresCallLedger, "end", both)  # noqa: B010


def settles_twice() -> None:
    from pipeline.models.postgres_call_ledger import SQL

    edit_statement(SQL, "end", " AND ended_at IS NULL", "")


def no_cap() -> None:
    from pipeline.models.postgres_call_ledger import PostgresCallLedger

    begin = PostgresCallLedger.begin

    def unlimited(self: Any, call: Any, limits: Any) -> Any:
        return begin(self, call, limits.model_copy(update={"concurrent_model_calls": None}))

    setattr(PostgresCallLedger, "begin", unlimited)  # noqa: B010


def sdk_retries() -> None:
    from botocore.config import Config
    from pipeline.platform import aws

    config = aws._model_config
    aws._model_config = lambda: config().merge(Config(retries={"total_max_attempts": 3, "mode": "standard"}))


def result_without_attempt() -> None:
    from pipeline.jobs.adapters.results import S3ResultStore

    def put(self: Any, job_id: Any, _attempt: int, content: bytes) -> str:
        key = f"results/{job_id}.json"
        self._client().put_object(Bucket=self._bucket, Key=key, Body=content)
        return key

    setattr(S3ResultStore, "put", put)  # noqa: B010


def overwrites() -> None:
    from pipeline.jobs.adapters.results import S3ResultStore

    def put(self: Any, job_id: Any, attempt: int, content: bytes) -> str:
        key = f"results/{job_id}/{attempt}.json"
        self._client().put_object(Bucket=self._bucket, Key=key, Body=content)
        return key

    setattr(S3ResultStore, "put", put)  # noqa: B010
