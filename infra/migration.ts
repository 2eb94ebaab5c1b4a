/** Brings the database's schema up to date on deploy, from inside the VPC, before what needs it is released. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { limits } from "../project.config";
import { database } from "./database";
import { endpoints } from "./endpoints";
import { common, commonPermissions, databaseEnvironment, released } from "./function";
import { vpc } from "./network";
import { stage } from "./stage";

const MIGRATIONS = "database/migrations";

const migrator = new sst.aws.Function("Migrator", {
  ...common,
  description: "Applies the missing migrations to the database",
  handler: "analysis/handlers/migrator.handler",
  timeout: `${limits.migratorTimeoutSeconds} seconds`,
  memory: `${stage.functions.memory.migrator} MB`,
  // Not through a proxy, which on a first deploy takes minutes more than the database to answer.
  environment: { ...databaseEnvironment, DB_HOST: database.nodes.instance!.address },
  permissions: commonPermissions,
  copyFiles: [{ from: MIGRATIONS }],
  transform: released(),
});

/** A failed migration fails the deploy. */
export const migration = new aws.lambda.Invocation(
  "Migration",
  {
    functionName: migrator.name,
    input: "{}",
    triggers: { migrations: fingerprint(), database: database.nodes.instance!.resourceId },
  },
  { dependsOn: [vpc, database, ...endpoints] }, // the way to the secret, and the secret's value
);

/** Changes when a migration does: names and contents of the files. */
function fingerprint(): string {
  const folder = join($cli.paths.root, MIGRATIONS);
  const hash = createHash("sha256");
  for (const file of readdirSync(folder).sort()) hash.update(`${file}\0`).update(readFileSync(join(folder, file)));
  return hash.digest("hex");
}
