"""With 200,000 jobs every frequent query uses an index: no query reads a whole table."""

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from pipeline.jobs.adapters.erasures import SQL as ERASURES_SQL
from pipeline.jobs.adapters.job_store import SQL as JOBS_SQL
from pipeline.models.postgres_call_ledger import SQL as LEDGER_SQL
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support.policy import POLICY

JOBS = 200_000

FILL = f"""
INSERT INTO job_configs VALUES (sha256('{{}}'), '{{}}');
INSERT INTO jobs (id, tenant_id, request_fingerprint, analysis, model_id, input, metadata, config_fingerprint, status,
                  attempt, created_at, enqueued_at, started_at, finished_at, result_key, result_bytes,
                  result_sha256, idempotency_key)
SELECT gen_random_uuid(), 'tenant-' || n % 50, decode(repeat('00', 32), 'hex'), 'mood', 'm', '{{}}', '{{}}',
       decode(repeat('00', 32), 'hex'), CASE WHEN n % 1000 = 0 THEN 'queued' ELSE 'succeeded' END::job_status,
       (n % 1000 <> 0)::int, at, at, CASE WHEN n % 1000 <> 0 THEN at END, CASE WHEN n % 1000 <> 0 THEN at END,
       CASE WHEN n % 1000 <> 0 THEN 'k' END, CASE WHEN n % 1000 <> 0 THEN 1 END,
       CASE WHEN n % 1000 <> 0 THEN sha256('') END, 'key-' || n
FROM generate_series(1, {JOBS}) AS n, LATERAL (SELECT now() - n * interval '1 s' AS at) AS times;
INSERT INTO model_calls (id, purpose, owner_id, attempt, tenant_id, model_id, day, reserved_usd, started_at, ended_at,
                         outcome)
SELECT gen_random_uuid(), 'job', id, 1, tenant_id, 'm', created_at::date, 0, created_at, created_at, 'answered'
FROM jobs;
INSERT INTO daily_spend SELECT (now() - n * interval '1 day')::date, 'tenant-' || tenant, 1
FROM generate_series(0, 364) AS n, generate_series(1, 50) AS tenant;
INSERT INTO admissions SELECT 'tenant-' || n, 4, 1, now()::date, 4, 4000 FROM generate_series(0, 999) AS n;
INSERT INTO prompt_prefixes (id, writes_left, writes_per_read, last_call_at)
SELECT gen_random_uuid(), 2, 3.6, now() FROM generate_series(1, 5000);
ANALYZE jobs, model_calls, daily_spend, admissions, prompt_prefixes;
"""

PAGE: dict[str, object] = {
    "tenant_id": "tenant-7",
    **dict.fromkeys(("analysis", "created_from", "created_before", "after_at", "after_id")),
    "max_rows": 50,
}

CALL: dict[str, object] = {
    "id": str(uuid4()),
    "purpose": "job",
    "owner_id": str(uuid4()),
    "attempt": 1,
    "tenant_id": "tenant-7",
    "model_id": "m",
    "reserved_usd": "0.01",
    "slot_seconds": 140,
    "slots": 40,
    "daily_usd": 9,
    "daily_usd_per_tenant": None,
    "failures_allowed": 10,
    "probe_seconds": 30,
    "prefix": str(UUID(int=7)),
    "writes_per_read": "3.6",
    "first_writes": 2,
    "calls_per_write": 5,
    "prefix_seconds": 300,
}

SUBMIT: dict[str, object] = {
    **dict.fromkeys(("analysis", "model_id"), "x"),
    **dict.fromkeys(("input", "metadata", "config"), "{}"),
    **dict.fromkeys(("request_fingerprint", "config_fingerprint"), b"f" * 32),
    **dict.fromkeys(("daily_usd", "daily_usd_per_tenant", "idempotency_key")),
    "id": str(uuid4()),
    "tenant_id": "tenant-1",
    "max_queued": 10_000,
    "max_jobs_per_day": 50_000,
    "max_bytes_per_day": 500_000_000,
    "bytes": 1_000,
    "max_cost_usd": "0.01",
}

FREQUENT: dict[str, tuple[str, dict[str, object]]] = {
    "status": (JOBS_SQL.get, {"id": str(uuid4()), "tenant_id": "tenant-1"}),
    "repeated key": (JOBS_SQL.submit, {**SUBMIT, "idempotency_key": "key-1"}),
    "refused submit": (JOBS_SQL.submit, {**SUBMIT, "max_queued": 0}),
    "find by key": (JOBS_SQL.find_by_key, {"tenant_id": "tenant-1", "idempotency_key": "key-1"}),
    "claim": (JOBS_SQL.claim, {"id": str(uuid4()), "lease": 60, "claim_id": str(uuid4())}),
    "sweep": (JOBS_SQL.stranded, {"overdue_s": 60, "backlog_s": 3600, "max_rows": 500}),
    "list": (JOBS_SQL.list_jobs, PAGE),
    "list one state": (JOBS_SQL.list_jobs_of_status, {**PAGE, "status": "queued"}),
    "begin a call": (LEDGER_SQL.begin, CALL),
    "cancel": (JOBS_SQL.cancel, {"id": str(uuid4()), "tenant_id": "tenant-1"}),
    "erase": (JOBS_SQL.erase, {"id": str(uuid4()), "tenant_id": "tenant-1"}),
    "retention": (ERASURES_SQL.erase_expired, {"retention_s": 259_200, "max_rows": 300}),
    "records": (ERASURES_SQL.delete_expired_records, {"retention_s": 0, "max_rows": 300}),
    "objects due": (ERASURES_SQL.objects_due, {"late_s": 900, "max_rows": 300}),
}


@pytest.fixture(scope="module")
def full(databases: Callable[[str], DatabaseSettings], migrated: str) -> Iterator[Postgres]:
    settings = databases(migrated)
    connection = Postgres(settings, lambda: ["unused"], POLICY.database)
    own = Postgres(settings, lambda: ["unused"], POLICY.database_migrations).connect()
    own.run("SET session_replication_role = replica")  # no triggers, which would record events
    own.run(FILL)
    own.close()
    yield connection
    connection.close()


@pytest.mark.parametrize("query", FREQUENT)
def test_a_frequent_query_uses_an_index(full: Postgres, query: str) -> None:
    statement, parameters = FREQUENT[query]
    rows = full.run(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", "tenant-1", **parameters)
    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    for table in ("jobs", "model_calls", "daily_spend", "prompt_prefixes"):
        assert f"Seq Scan on {table}" not in plan, plan
    read = max(int(part.split()[0]) for part in plan.split("shared hit=")[1:])
    assert read < 2_000, plan  # pages of 8 kB; the table has more than 5,000
