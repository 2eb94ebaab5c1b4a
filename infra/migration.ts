/** Runs the migrations on deploy, from inside the VPC, before the functions that need the new schema are updated. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { functionSettings } from "../project.config";
import { apiCredentials, workerCredentials } from "./credentials";
import { database, owner } from "./database";
import { endpoints } from "./endpoints";
import { common, directDatabaseEnvironment, readSecrets, tracingPermissions } from "./function";
import { vpc } from "./network";
import { stage } from "./stage";

const MIGRATIONS = "database/migrations";

const { connections } = stage.database;

const migrator = new sst.aws.Function("Migrator", {
  ...common,
  description: "Applies pending migrations, and limits and enables the logins of the database roles",
  handler: "pipeline/platform/handlers/migrator.handler",
  timeout: `${functionSettings.migratorTimeoutSeconds} seconds`,
  memory: `${stage.functions.memoryMB.migrator} MB`,
  environment: {
    ...directDatabaseEnvironment(owner),
    API_PASSWORD_SECRET_ARN: apiCredentials.arn,
    WORKER_PASSWORD_SECRET_ARN: workerCredentials.arn,
    API_CONNECTIONS: `${connections.api}`,
    WORKER_CONNECTIONS: `${connections.worker}`,
  },
  permissions: [...tracingPermissions, readSecrets(owner.arn, apiCredentials.arn, workerCredentials.arn)],
  copyFiles: [{ from: MIGRATIONS }],
});

/** A failed migration fails the deploy. */
export const migration = new aws.lambda.Invocation(
  "Migration",
  {
    functionName: migrator.name,
    input: "{}",
    triggers: {
      migrations: fingerprint(),
      database: database.nodes.instance!.resourceId,
      apiCredentials: apiCredentials.first.versionId,
      workerCredentials: workerCredentials.first.versionId,
      connections: JSON.stringify(connections),
    },
  },
  // The migrator needs the network path to Secrets Manager, and values in both secrets.
  { dependsOn: [vpc, database, ...endpoints, apiCredentials.first, workerCredentials.first] },
);

/** A hash of the names and contents of all migration files. */
function fingerprint(): string {
  const folder = join($cli.paths.root, MIGRATIONS);
  const hash = createHash("sha256");
  for (const file of readdirSync(folder).sort()) hash.update(`${file}\0`).update(readFileSync(join(folder, file)));
  return hash.digest("hex");
}
