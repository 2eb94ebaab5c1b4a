"""The database, secrets and buckets: the DAT rows of the failure catalogue."""

from tests.mutations.mutation import Append, Edit, mutation

DATABASE, POSTGRES, STORAGE = "infra/database.ts", "functions/pipeline/platform/postgres.py", "infra/jobs/results.ts"
MIGRATION = "database/migrations/0002_create_jobs.sql"

MUTATIONS = (
    mutation(
        "DAT-01",
        "connection-without-tls",
        "database-without-tls",
        POSTGRES,
        Edit(
            POSTGRES,
            "            ssl_context=tls_context(settings.db_host, settings.aws_region) "
            "if settings.remote_database else False,\n",
            "",
        ),
    ),
    mutation(
        "DAT-02",
        "public-database",
        "public-database",
        DATABASE,
        Edit(DATABASE, "publiclyAccessible: false", "publiclyAccessible: true"),
    ),
    mutation(
        "DAT-02",
        "bastion-for-everybody",
        "open-to-the-internet",
        "infra/network.ts",
        Edit("project.config.ts", "bastionFrom: [] }", 'bastionFrom: ["0.0.0.0/0"] }'),
    ),
    mutation(
        "DAT-03",
        "secret-with-a-fixed-name",
        "secret-name-stays-taken",
        DATABASE,
        Append(DATABASE, '\nnew aws.secretsmanager.Secret("Key", { name: "analysis-key" });\n'),
        Edit("project.config.ts", "    secretRecoveryDays: 0,", "    secretRecoveryDays: 7,"),
    ),
    mutation(
        "DAT-04",
        "version-that-is-withdrawn",
        "withdrawn-database-version",
        DATABASE,
        Edit(DATABASE, 'version: "18",', 'version: "16.4",'),
    ),
    mutation(
        "DAT-05",
        "reserved-user-name",
        "reserved-username",
        DATABASE,
        Edit(DATABASE, 'username: "postgres"', 'username: "admin"'),
    ),
    mutation(
        "DAT-07",
        "secret-never-set",
        "rehearsal-failed",
        DATABASE,
        Append(DATABASE, '\nexport const password = new sst.Secret("DbPassword").value;\n'),
    ),
    mutation(
        "DAT-07",
        "bucket-name-with-capitals",
        "invalid-bucket-name",
        STORAGE,
        Edit(STORAGE, "bucket: { forceDestroy", 'bucket: { bucket: "DAW-staging", forceDestroy'),
    ),
    mutation(
        "DAT-08",
        "table-renamed",
        "migration-refused",
        MIGRATION,
        Edit(MIGRATION, "CREATE TABLE jobs (", "CREATE TABLE tasks ("),
    ),
    mutation(
        "DAT-08",
        "migrations-not-shipped",
        "migrations-not-in-archive",
        "infra/migration.ts",
        Edit("infra/migration.ts", "  copyFiles: [{ from: MIGRATIONS }],\n", ""),
    ),
    mutation(
        "DAT-08",
        "migrator-never-invoked",
        "schema-never-applied",
        "infra/migration.ts",
        Edit(
            "infra/migration.ts",
            "export const migration = new aws.lambda.Invocation(",
            "export const migration = database;\nconst never = () => new aws.lambda.Invocation(",
        ),
    ),
)
