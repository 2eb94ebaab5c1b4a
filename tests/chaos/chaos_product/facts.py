"""Names, queries and requests of this product for the chaos harness."""

import json
from typing import Any

from chaos_harness.product import Functions, LogMessages, Queries

FUNCTIONS = Functions(api="ApiHandler", worker="Worker", sweeper="Sweeper", gateway="Api")

LOG_MESSAGES = LogMessages(
    late_result_refused="late result refused",
    nothing_to_do="nothing to do",
    job_postponed="job postponed",
    dead_letter_recorded="dead letter recorded",
)

_OPEN_JOBS = "SELECT count(*) FROM jobs WHERE status IN ('queued', 'running')"

QUERIES = Queries(
    events="""
SELECT id, CAST(job_id AS text), CAST(extract(epoch FROM at) AS float8), event, CAST(from_status AS text),
       CAST(to_status AS text), attempt, reason FROM job_events ORDER BY id
""",
    jobs="""
SELECT CAST(id AS text), tenant_id, idempotency_key, CAST(metadata->>'number' AS integer), CAST(status AS text),
       attempt, deferrals, result_key, format('results/%s/%s.json', id, attempt), result_bytes,
       octet_length(CAST(input AS text)) + octet_length(CAST(metadata AS text)), error_code FROM jobs
""",
    ledger="""
SELECT CAST(owner_id AS text), attempt, CAST(extract(epoch FROM started_at) AS float8), outcome, tenant_id,
       CAST(day AS text), reserved_usd, cost_usd FROM model_calls ORDER BY started_at
""",
    spend="SELECT CAST(day AS text), tenant_id, usd FROM daily_spend",
    open_jobs=_OPEN_JOBS,
    due_jobs=f"{_OPEN_JOBS} AND coalesce(due_at, now()) <= now()",
)

TEXT = (
    "Report {number}. The pump in hall 4 failed at night. It was replaced. "
    "There were no injuries. Production resumed at six."
)


def request_body(number: int, characters: int = 0) -> dict[str, Any]:
    """The request for one document, of at least so many characters."""
    text = TEXT.format(number=number)
    text += " Details follow." * (max(0, characters - len(text)) // 15)
    return {"analysis": "summary", "input": {"text": text}, "metadata": {"number": number}}


def text_of(number: int) -> str:
    """A text that only the prompt of the document with this number has."""
    return f"Report {number}. "


def as_tenant(event: dict[str, Any], tenant: str) -> None:
    """Make a tenant the caller of an event, as an authorizer of API Gateway does."""
    event["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": tenant}, "scopes": None}}


def set_limits(resources: dict[str, Any], model_calls: int, daily_bytes: int) -> None:
    """Set limits of the stage in the resources of a wiring. Spending is not limited."""
    parameter = resources["Config"]["inputs"]
    config = json.loads(parameter["value"])
    config["limits"] = {
        **config.get("limits", {}),
        "concurrent_model_calls": model_calls,
        "daily_input_bytes_per_tenant": daily_bytes,
        "daily_usd": None,
        "daily_usd_per_tenant": None,
    }
    parameter["value"] = json.dumps(config)
