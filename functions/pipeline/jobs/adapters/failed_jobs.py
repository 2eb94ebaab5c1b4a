"""The failed jobs in PostgreSQL, and running them again."""

from uuid import UUID

from pipeline.jobs.domain.redrive import FailedJob, FailedJobFilter, Redriven, RedriveOutcome, RedriveRequest
from pipeline.platform.postgres import Postgres

SOUGHT = """
WHERE status = 'failed'
  AND finished_at >= coalesce(CAST(:since AS timestamptz), '-infinity')
  AND (CAST(:code AS text) IS NULL OR error_code = CAST(:code AS text))
  AND (CAST(:analysis AS text) IS NULL OR analysis = CAST(:analysis AS text))
  AND (NOT CAST(:waiting AS boolean) OR NOT EXISTS (SELECT FROM redrives WHERE redrive_of = jobs.id))
"""
FIND = f"""
SELECT id, tenant_id, analysis, model_id, error_code AS code, error_message AS message, attempt AS attempts, created_at,
       finished_at, (SELECT job_id FROM redrives WHERE redrive_of = jobs.id ORDER BY nth DESC LIMIT 1) AS redriven_as
FROM jobs {SOUGHT} ORDER BY finished_at DESC, id DESC LIMIT CAST(:most AS integer)
"""
COUNT = f"SELECT error_code, count(*) AS jobs FROM jobs {SOUGHT} GROUP BY error_code"
# Of two orders for one job the second finds the first's row, and makes no job.
REDRIVE = """
WITH redriven AS (
    INSERT INTO redrives (job_id, redrive_of, nth, tenant_id, who, because, request_id)
    SELECT CAST(:new_id AS uuid), id,
           1 + CASE WHEN CAST(:again AS boolean)
               THEN (SELECT count(*) FROM redrives WHERE redrive_of = jobs.id) ELSE 0 END,
           tenant_id, :who, :because, :request_id
    FROM jobs WHERE id = CAST(:id AS uuid) AND status = 'failed'
    ON CONFLICT DO NOTHING
    RETURNING job_id, redrive_of
)
INSERT INTO jobs (id, tenant_id, request_fingerprint, analysis, model_id, input, metadata, config_fingerprint)
SELECT redriven.job_id, tenant_id, request_fingerprint, analysis, model_id, input, metadata, config_fingerprint
FROM jobs JOIN redriven ON jobs.id = redriven.redrive_of
RETURNING tenant_id
"""
WHY_NOT = """
SELECT tenant_id, status = 'failed' AS failed,
       EXISTS (SELECT FROM redrives WHERE redrive_of = jobs.id AND job_id = CAST(:new_id AS uuid)) AS by_this_call,
       (SELECT job_id FROM redrives WHERE redrive_of = jobs.id ORDER BY nth DESC LIMIT 1) AS redriven_as
FROM jobs WHERE id = CAST(:id AS uuid)
"""


class PostgresFailedJobs:
    """``services.ports.FailedJobs``."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def find(self, sought: FailedJobFilter) -> list[FailedJob]:
        return [FailedJob(**row) for row in self._postgres.run(FIND, **_conditions(sought), most=sought.limit)]

    def count(self, sought: FailedJobFilter) -> dict[str, int]:
        return {row["error_code"]: row["jobs"] for row in self._postgres.run(COUNT, **_conditions(sought))}

    def redrive(self, job_id: UUID, new_id: UUID, order: RedriveRequest) -> Redriven:
        ids = {"id": str(job_id), "new_id": str(new_id)}
        made = self._postgres.run(
            REDRIVE, **ids, who=order.who, because=order.because, request_id=order.request_id, again=order.again
        )
        if made:
            return Redriven(RedriveOutcome.REDRIVEN, new_id, made[0]["tenant_id"])
        rows = self._postgres.run(WHY_NOT, **ids)
        if not rows:
            return Redriven(RedriveOutcome.NO_SUCH_JOB)
        if rows[0]["by_this_call"]:  # on a connection that was lost before the answer came
            return Redriven(RedriveOutcome.REDRIVEN, new_id, rows[0]["tenant_id"])
        if not rows[0]["failed"]:
            return Redriven(RedriveOutcome.NOT_FAILED)
        return Redriven(RedriveOutcome.ALREADY_REDRIVEN, rows[0]["redriven_as"], rows[0]["tenant_id"])


def _conditions(sought: FailedJobFilter) -> dict[str, object]:
    return {
        "code": sought.code.value if sought.code else None,
        "analysis": sought.analysis,
        "since": sought.since,
        "waiting": sought.waiting,
    }
