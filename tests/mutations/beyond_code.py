"""Ways to break the functions and the repository's files that the catalogue does not list."""

from tests.mutations.mutation import Append, Edit, Remove, mutation
from tests.mutations.next_migration import next_migration

HANDLERS, ADAPTERS, DOMAIN = "functions/analysis/handlers", "functions/analysis/adapters", "functions/analysis/domain"
API, PROCESSOR = f"{HANDLERS}/api.py", f"{HANDLERS}/processor.py"
STATEMENTS, MIGRATION = f"{ADAPTERS}/job_statements.py", "database/migrations/0001_create_jobs.sql"
ROLES = "database/migrations/0004_separate_roles.sql"
CONFIG, QUEUE, RESULTS = "functions/analysis/config.py", f"{ADAPTERS}/queue.py", f"{ADAPTERS}/results.py"
BODY = "        request: SendMessageRequestTypeDef = {"

CODE = (
    mutation("NEW", "code-that-does-not-parse", "code-does-not-parse", API, Append(API, "\ndef broken(:\n")),
    mutation("NEW", "fails-at-import", "handler-import-failed", API, Append(API, "\nANSWER = 1 / 0\n")),
    mutation(
        "NEW",
        "handler-without-context",
        "handler-fails",
        PROCESSOR,
        Append(PROCESSOR, "\n\nwork = handler\n\n\ndef handler(event):\n    return work(event, None)\n"),
    ),
    mutation(
        "NEW",
        "name-that-is-not-defined",
        "handler-fails",
        API,
        Edit(API, "route, request_id = event", "undefined_name()\n    route, request_id = event"),
    ),
    mutation(
        "NEW",
        "relative-import",
        "import-relative",
        API,
        Edit(API, "from analysis.handlers import openapi", "from . import openapi"),
    ),
    mutation(
        "NEW",
        "another-variable-read",
        "variable-not-set",
        "infra/function.ts",
        Edit(CONFIG, "    db_name: str\n", "    db_name: str\n    db_schema: str\n"),
    ),
    mutation(
        "NEW",
        "variable-read-at-import",
        "handler-import-failed",
        API,
        Append(API, '\nimport os\n\nTABLE = os.environ["TABLE_NAME"]\n'),
    ),
    mutation(
        "NEW",
        "another-service-called",
        "role-lacks-action",
        "infra/function.ts",
        Edit(
            QUEUE,
            BODY,
            f'        import boto3\n\n        boto3.client("dynamodb").put_item(TableName="t", Item={{}})\n{BODY}',
        ),
    ),
    mutation(
        "NEW",
        "another-call-of-a-service",
        "role-lacks-action",
        "infra/processor.ts",
        Edit(
            RESULTS,
            "        return key\n\n    def url",
            "        self._client().delete_object(Bucket=self._bucket, Key=key)\n        return key\n\n    def url",
        ),
    ),
    mutation(
        "NEW",
        "call-that-botocore-does-not-know",
        "job-fails",
        RESULTS,
        Edit(RESULTS, "self._client().put_object(", "self._client().put_objects("),
    ),
    mutation(
        "NEW",
        "argument-that-botocore-does-not-know",
        "job-fails",
        RESULTS,
        Edit(RESULTS, "                    Body=document,", "                    Content=document,"),
    ),
    mutation(
        "NEW",
        "object-key-outside-the-grant",
        "role-lacks-action",
        "infra/processor.ts",
        Edit(RESULTS, 'f"results/', 'f"answers/'),
    ),
    mutation(
        "NEW", "data-file-missing", "models-not-loadable", f"{DOMAIN}/models.json", Remove(f"{DOMAIN}/models.json")
    ),
    mutation(
        "NEW",
        "data-file-broken",
        "models-not-loadable",
        f"{DOMAIN}/models.json",
        Edit(f"{DOMAIN}/models.json", "{", ""),
    ),
    mutation(
        "NEW",
        "authority-missing",
        "rds-authority-missing",
        f"{ADAPTERS}/rds_ca/us-east-1.pem",
        Remove(f"{ADAPTERS}/rds_ca/us-east-1.pem"),
    ),
    mutation(
        "NEW",
        "module-in-a-dropped-folder",
        "folder-dropped",
        "functions/analysis/tmp/__init__.py",
        Append("functions/analysis/tmp/__init__.py", "ANSWER = 42\n"),
        Edit(
            API, "from analysis import bootstrap\n", "from analysis import bootstrap\nfrom analysis.tmp import ANSWER\n"
        ),
    ),
    mutation(
        "NEW",
        "debugger-left",
        "debugger-left",
        API,
        Edit(API, "    route, request_id = event", "    breakpoint()\n    route, request_id = event"),
    ),
    mutation(
        "NEW",
        "event-printed",
        "print-left",
        API,
        Edit(API, "    route, request_id = event", "    print(event)\n    route, request_id = event"),
    ),
    mutation("NEW", "key-in-the-code", "credential-in-file", API, Append(API, '\nKEY = "AKIA' + 'IOSFODNN7EXAMPLQ"\n')),
    mutation(
        "NEW",
        "session-of-another-region",
        "region-hard-coded",
        f"{ADAPTERS}/aws.py",
        Edit(f"{ADAPTERS}/aws.py", '_session().client("sqs",', '_session().client("sqs", region_name="eu-central-1",'),
    ),
    mutation(
        "NEW",
        "endpoint-of-this-machine",
        "endpoint-hard-coded",
        f"{ADAPTERS}/aws.py",
        Edit(
            f"{ADAPTERS}/aws.py",
            '_session().client("sqs",',
            '_session().client("sqs", endpoint_url="http://127.0.0.1:4566",',
        ),
    ),
    mutation(
        "NEW",
        "queue-url-hard-coded",
        "hard-coded-account",
        QUEUE,
        Edit(
            QUEUE,
            '"QueueUrl": self._url,',
            '"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/jobs",',
        ),
    ),
    mutation(
        "NEW",
        "analysis-that-does-not-load",
        "analysis-not-loadable",
        "functions/analysis/analyses/broken.py",
        Append("functions/analysis/analyses/broken.py", "ANALYSIS = None\n"),
    ),
)
RUNS = (
    mutation(
        "NEW",
        "link-to-another-object",
        "job-fails",
        RESULTS,
        Edit(RESULTS, '"Key": key}', '"Key": f"old/{key}"}'),
    ),
    mutation(
        "NEW",
        "message-of-another-shape",
        "job-fails",
        QUEUE,
        Edit(QUEUE, 'json.dumps({"job_id": ', 'json.dumps({"job": '),
    ),
    mutation(
        "NEW",
        "analysis-that-fails-on-its-input",
        "job-fails",
        "functions/analysis/analyses/summary.py",
        Edit("functions/analysis/analyses/summary.py", "given.text", "given.document"),
    ),
    mutation(
        "NEW",
        "parameters-asked-for-wrongly",
        "job-fails",
        f"{ADAPTERS}/parameters.py",
        Edit(f"{ADAPTERS}/parameters.py", "WithDecryption=True", "Decrypt=True"),
    ),
    mutation(
        "NEW",
        "secret-of-another-shape",
        "job-fails",
        f"{ADAPTERS}/secrets.py",
        Edit(
            f"{DOMAIN}/credentials.py",
            "    password: str = Field(",
            '    password: str = Field(validation_alias="secret", ',
        ),
    ),
    mutation(
        "NEW",
        "password-in-the-code",
        "password-hard-coded",
        f"{ADAPTERS}/postgres.py",
        Edit(f"{ADAPTERS}/postgres.py", "password=password", 'password="postgres"'),
    ),
    mutation(
        "NEW",
        "sweeper-that-fails",
        "handler-fails",
        "functions/analysis/services/sweep.py",
        Edit("functions/analysis/services/sweep.py", "self.store.stranded(", "self.store.lost("),
    ),
    mutation(
        "NEW",
        "file-written-beside-the-code",
        "job-fails",
        RESULTS,
        Edit(
            RESULTS,
            '        with calling("storage"):\n            try:',
            '        __import__("pathlib").Path(__file__).with_name("last.json").write_bytes(document)\n'
            '        with calling("storage"):\n            try:',
        ),
    ),
)
SQL = (
    mutation(
        "NEW",
        "column-that-is-not-there",
        "statement-refused",
        STATEMENTS,
        Edit(STATEMENTS, "SELECT id, status, analysis, model_id,", "SELECT id, state, analysis, model_id,"),
    ),
    mutation(
        "NEW",
        "statement-that-does-not-parse",
        "statement-refused",
        STATEMENTS,
        Edit(STATEMENTS, "FROM jobs {USED} WHERE id = ", "FORM jobs {USED} WHERE id = "),
    ),
    mutation(
        "NEW",
        "column-dropped-by-a-migration",
        "statement-refused",
        next_migration("drop_metadata"),
        Append(next_migration("drop_metadata"), "ALTER TABLE jobs DROP COLUMN metadata;\n"),
    ),
    mutation(
        "NEW",
        "second-migration-of-a-number",
        "migration-numbering",
        "database/migrations/0001_create_jobs.sql",
        Append("database/migrations/0001_create_again.sql", "SELECT 1;\n"),
    ),
    mutation(
        "NEW",
        "gap-in-the-numbers",
        "migration-numbering",
        next_migration("create_later", skipped=1),
        Append(next_migration("create_later", skipped=1), "SELECT 1;\n"),
    ),
    mutation(
        "NEW",
        "migration-without-a-phrase",
        "migration-misnamed",
        next_migration("tune"),
        Append(next_migration("tune"), "SELECT 1;\n"),
    ),
    mutation(
        "NEW",
        "function-body-that-does-not-parse",
        "migration-refused",
        next_migration("add_trigger"),
        Append(
            next_migration("add_trigger"),
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETRUN NEW; END $$;\n",
        ),
    ),
    mutation(
        "NEW",
        "role-that-rds-has-not",
        "migration-refused",
        next_migration("grant_reading"),
        Append(next_migration("grant_reading"), "GRANT SELECT ON jobs TO analyst;\n"),
    ),
    mutation(
        "NEW",
        "column-renamed-where-it-is-made",
        "statement-refused",
        MIGRATION,
        Edit(MIGRATION, "    metadata", "    meta_data"),
        Edit(ROLES, "model_id, input, metadata", "model_id, input, meta_data"),  # the API's
        Edit(ROLES, "model_id, input, metadata", "model_id, input, meta_data"),  # and the workers'
    ),
    mutation(
        "NEW",
        "grant-left-out",
        "job-fails",
        f"{ADAPTERS}/postgres.py",
        Edit(ROLES, "GRANT UPDATE (call_id, held_until) ON model_slots TO analysis_worker;\n", ""),
    ),
    mutation(
        "NEW",
        "table-renamed-by-a-migration",
        "statement-refused",
        next_migration("rename_jobs"),
        Append(next_migration("rename_jobs"), "ALTER TABLE jobs RENAME TO analysis_jobs;\n"),
    ),
    mutation(
        "NEW",
        "migrator-without-its-ledger",
        "migration-refused",
        "functions/analysis/adapters/migrations.py",
        Edit(
            "functions/analysis/adapters/migrations.py",
            "(number, name, sha256) VALUES (:n",
            "(version, name, sha256) VALUES (:n",
        ),
    ),
    mutation(
        "NEW",
        "database-of-another-major-version",
        "postgres-major-differs",
        "infra/database.ts",
        Edit("infra/database.ts", 'version: "18"', 'version: "16"'),
    ),
    mutation(
        "NEW",
        "migration-of-a-superuser",
        "migration-refused",
        next_migration("tune_memory"),
        Append(next_migration("tune_memory"), "ALTER SYSTEM SET work_mem = '64MB';\n"),
    ),
    mutation(
        "NEW",
        "extension-that-rds-has-not",
        "migration-refused",
        next_migration("add_python"),
        Append(next_migration("add_python"), "CREATE EXTENSION plpython3u;\n"),
    ),
    mutation(
        "NEW",
        "index-built-concurrently",
        "migration-refused",
        next_migration("index_models"),
        Append(next_migration("index_models"), "CREATE INDEX CONCURRENTLY jobs_by_model ON jobs (model_id);\n"),
    ),
    mutation(
        "NEW",
        "transaction-in-a-migration",
        "migration-refused",
        next_migration("commit_early"),
        Append(next_migration("commit_early"), "COMMIT;\nSELECT 1;\n"),
    ),
)
FILES = (
    mutation("NEW", "no-env-file", "uv-python-differs", ".env", Remove(".env")),
    mutation("NEW", "no-python-pin", "python-pin-differs", ".python-version", Remove(".python-version")),
    mutation("NEW", "no-node-pin", "node-too-old", ".nvmrc", Remove(".nvmrc")),
    mutation("NEW", "no-lock", "lock-stale", "uv.lock", Remove("uv.lock")),
    mutation("NEW", "no-package-lock", "package-file-broken", "package-lock.json", Remove("package-lock.json")),
    mutation("NEW", "package-json-broken", "package-file-broken", "package.json", Edit("package.json", "{", "")),
    mutation(
        "NEW", "package-lock-broken", "package-file-broken", "package-lock.json", Edit("package-lock.json", "{", "")
    ),
    mutation("NEW", "no-configuration", "config-missing", "sst.config.ts", Remove("sst.config.ts")),
    mutation(
        "NEW",
        "types-not-strict",
        "types-not-strict",
        "tsconfig.json",
        Edit("tsconfig.json", '"strict": true', '"strict": false'),
    ),
    mutation(
        "NEW",
        "wiring-by-hand",
        "wiring-stale",
        "infra/wiring.json",
        Edit("infra/wiring.json", '"visibilityTimeoutSeconds": 3600', '"visibilityTimeoutSeconds": 30'),
    ),
    mutation("NEW", "wiring-broken", "wiring-stale", "infra/wiring.json", Edit("infra/wiring.json", "{", "")),
    mutation("NEW", "wiring-missing", "wiring-stale", "infra/wiring.json", Remove("infra/wiring.json")),
    mutation(
        "NEW",
        "dependency-not-pinned",
        "dependency-not-pinned",
        "functions/pyproject.toml",
        Edit("functions/pyproject.toml", "pg8000==1.31.6", "pg8000>=1.31"),
    ),
    mutation(
        "NEW",
        "workflow-with-stored-keys",
        "workflow-stores-keys",
        ".github/workflows/deploy.yml",
        Edit(
            ".github/workflows/deploy.yml",
            "          role-to-assume: ${{ vars.AWS_ROLE }}",
            "          aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}\n          aws-secret-access-key: ${{ secrets.AWS_SECRET_ACCESS_KEY }}",
        ),
    ),
    mutation(
        "NEW",
        "workflow-without-token",
        "workflow-without-token",
        ".github/workflows/deploy.yml",
        Edit(".github/workflows/deploy.yml", "      id-token: write\n", ""),
    ),
    mutation(
        "NEW",
        "rollback-beside-a-deploy",
        "deploys-meet",
        ".github/workflows/rollback.yml",
        Edit(".github/workflows/rollback.yml", "group: stage-", "group: rollback-"),
    ),
    mutation(
        "NEW",
        "action-by-its-tag",
        "action-not-pinned",
        ".github/workflows/deploy.yml",
        Edit(".github/workflows/deploy.yml", "@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3", "@v6"),
    ),
    mutation(
        "NEW",
        "command-without-its-mode",
        "script-not-executable",
        "scripts/deploy.sh",
        lambda root: (root / "scripts/deploy.sh").chmod(0o644),
    ),
    mutation(
        "NEW",
        "types-of-infra-not-checked",
        "types-not-checked",
        "tsconfig.json",
        Edit("tsconfig.json", '"sst.config.ts", "project.config.ts", "infra/**/*.ts"', '"project.config.ts"'),
    ),
    mutation("NEW", "no-root-project", "project-file-broken", "pyproject.toml", Remove("pyproject.toml")),
    mutation("NEW", "no-such-stage", "stage-unknown", "project.config.ts", stage="nope"),
    mutation("NEW", "stage-that-sst-refuses", "stage-name-invalid", "project.config.ts", stage="my_stage"),
    mutation(
        "NEW",
        "workflow-broken",
        "workflow-broken",
        ".github/workflows/deploy.yml",
        Edit(".github/workflows/deploy.yml", "jobs:", "jobs"),
    ),
)
MUTATIONS = (*CODE, *RUNS, *SQL, *FILES)
