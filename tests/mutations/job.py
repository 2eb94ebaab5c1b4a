"""Code and settings with which the deploy succeeds and every job fails: only a real job shows them."""

from tests.mutations.mutation import Edit, mutation

API = "infra/jobs/api.ts"
PLATFORM, ADAPTERS = "functions/pipeline/platform", "functions/pipeline/jobs/adapters"
RESULTS, QUEUE = f"{ADAPTERS}/results.py", f"{ADAPTERS}/queue.py"
SUMMARY, LEDGER = "functions/pipeline/analyses/summary.py", "database/migrations/0003_create_call_ledger.sql"
JOBS = "database/migrations/0002_create_jobs.sql"
RECORDS = "functions/pipeline/jobs/handlers/sqs_records.py"
PUT = '        with translate_aws_errors("storage"):\n            try:'

MUTATIONS = (
    mutation(
        "JOB",
        "api-uses-the-credentials-of-the-worker",
        "job-fails",
        JOBS,
        Edit(API, "import { apiCredentials }", "import { workerCredentials }"),
        Edit(API, "jobEnvironment(apiCredentials)", "jobEnvironment(workerCredentials)"),
        Edit(API, "readSecrets(apiCredentials.arn)", "readSecrets(workerCredentials.arn)"),
    ),
    mutation(
        "JOB",
        "missing-grant",
        "job-fails",
        LEDGER,
        Edit(
            LEDGER,
            "GRANT SELECT, UPDATE (call_id, tenant_id, held_until) ON model_slots",
            "GRANT SELECT ON model_slots",
        ),
    ),
    mutation(
        "JOB",
        "secret-of-another-shape",
        "job-fails",
        f"{PLATFORM}/database_secrets.py",
        Edit(
            f"{PLATFORM}/credentials.py",
            "    password: str = Field(",
            '    password: str = Field(validation_alias="secret", ',
        ),
    ),
    mutation(
        "JOB",
        "message-of-another-shape",
        "job-fails",
        RECORDS,
        Edit(QUEUE, 'json.dumps({"job_id": ', 'json.dumps({"job": '),
    ),
    mutation(
        "JOB", "link-to-another-object", "job-fails", RESULTS, Edit(RESULTS, '"Key": key}', '"Key": f"old/{key}"}')
    ),
    mutation(
        "JOB",
        "file-written-beside-the-code",
        "job-fails",
        RESULTS,
        Edit(
            RESULTS,
            PUT,
            f'        __import__("pathlib").Path(__file__).with_name("last.json").write_bytes(content)\n{PUT}',
        ),
    ),
    mutation(
        "JOB", "analysis-that-fails-on-its-input", "job-fails", SUMMARY, Edit(SUMMARY, "given.text", "given.document")
    ),
    mutation(
        "JOB",
        "analysis-that-fails-on-its-largest-input",
        "job-fails",
        SUMMARY,
        Edit(
            SUMMARY,
            "-> Prompt:\n",
            '-> Prompt:\n    if len(given.text) > 99_000:\n        raise ValueError("too long")\n',
        ),
    ),
)
