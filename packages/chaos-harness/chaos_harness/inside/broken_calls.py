"""Mutants of the model's calls, their limits and their ledger, and of where a result is kept."""

from typing import Any


def throttled_is_final() -> None:
    from pipeline.jobs.domain.failure import FailureCode
    from pipeline.models import bedrock

    bedrock.MEANING["ThrottlingException"] = bedrock.Permanent(FailureCode.MODEL_FAILED)


def endless_attempts() -> None:
    from pipeline.jobs.services import run_job as process

    process.MAX_ATTEMPTS = 1000


def endless_corrections() -> None:
    from pipeline.jobs.services import answer

    answer.MAX_CALLS = 1000


def ledger_after() -> None:
    from pipeline.models.postgres_call_ledger import PostgresCallLedger

    begin, end = PostgresCallLedger.begin, PostgresCallLedger.end
    planned: dict[Any, Any] = {}

    def later(_self: Any, call: Any, limits: Any) -> None:
        planned[call.id] = (call, limits)

    def both(self: Any, call_id: Any, how: Any) -> None:
        begin(self, *planned.pop(call_id))
        end(self, call_id, how)

    setattr(PostgresCallLedger, "begin", later)  # noqa: B010 - mypy refuses to assign to a method
    setattr(PostgresCallLedger, "end", both)  # noqa: B010


def settles_twice() -> None:
    from pipeline.models import call_statements as sql

    guard = " AND ended_at IS NULL"
    assert guard in sql.END, "the mutant no longer fits"  # noqa: S101 - or it would break nothing
    sql.END = sql.END.replace(guard, "")


def no_cap() -> None:
    from pipeline.models.postgres_call_ledger import PostgresCallLedger

    begin = PostgresCallLedger.begin

    def unlimited(self: Any, call: Any, limits: Any) -> Any:
        return begin(self, call, limits.model_copy(update={"concurrent_model_calls": None}))

    setattr(PostgresCallLedger, "begin", unlimited)  # noqa: B010


def sdk_retries() -> None:
    from botocore.config import Config
    from pipeline.platform import aws

    aws.MODEL_CALL = aws.MODEL_CALL.merge(Config(retries={"total_max_attempts": 3, "mode": "standard"}))


def result_without_attempt() -> None:
    from pipeline.jobs.adapters.results import S3ResultStore

    def put(self: Any, job_id: Any, _attempt: int, document: bytes) -> str:
        key = f"results/{job_id}.json"
        self._client().put_object(Bucket=self._bucket, Key=key, Body=document)
        return key

    setattr(S3ResultStore, "put", put)  # noqa: B010


def overwrites() -> None:
    from pipeline.jobs.adapters.results import S3ResultStore

    def put(self: Any, job_id: Any, attempt: int, document: bytes) -> str:
        key = f"results/{job_id}/{attempt}.json"
        self._client().put_object(Bucket=self._bucket, Key=key, Body=document)
        return key

    setattr(S3ResultStore, "put", put)  # noqa: B010
