/** Settings of a stage, the AWS account that it belongs to, and validation of both. Needs no AWS access. */

import { stages, type StageName, type StageSettings } from "../project.config";

/** A developer's personal copy of `dev`, such as `dev-maria`. */
const PERSONAL_STAGE = /^dev-[a-z0-9]+$/;

/** An account that does not exist: with it the AWS provider refuses every operation. */
const NO_ACCOUNT = "000000000000";

function nameOf(stage: string): StageName | undefined {
  const name = PERSONAL_STAGE.test(stage) ? "dev" : stage;
  return Object.hasOwn(stages, name) ? (name as StageName) : undefined;
}

/** Memory of a database's instance class in GiB: https://aws.amazon.com/rds/instance-types/ (2026-11). */
function memoryGiB(instance: string): number | undefined {
  const [family = "", size = ""] = instance.split(".");
  const memory = { micro: 1, small: 2, medium: 4, large: 8, xlarge: 16, "2xlarge": 32, "4xlarge": 64 }[size];
  return memory && memory * (/^[rx]/.test(family) ? 2 : 1); // the classes r and x have twice as much
}

/**
 * The connections that PostgreSQL accepts on an instance class, by RDS's default: one for each 9,531,392 bytes that the
 * operating system and RDS leave, which need about 300 MB (a t4g.micro accepts about 80, 2026-11). Undefined for a class
 * that `memoryGiB` lacks.
 */
export function maxConnections(instance: string): number | undefined {
  const memory = memoryGiB(instance);
  return memory && Math.min(Math.floor((memory * 1024 ** 3 - 300e6) / 9_531_392), 5_000);
}

/** Connections of the owner, of operators, and of the sweeper, the dead-letter handler and the operator function. */
const OTHER_CONNECTIONS = 10;

/** The reason why the connections of a stage's roles do not fit; undefined when they do. */
export function connectionsProblem({ concurrency, database }: StageSettings): string | undefined {
  const { connections, instance } = database;
  const available = maxConnections(instance) ?? Infinity; // other classes are not checked
  const needed = connections.api + connections.worker + OTHER_CONNECTIONS;
  const workers = 2 * concurrency.worker + OTHER_CONNECTIONS; // old and new instances, during a deploy
  if (needed > available) return `${needed} connections are more than the ${available} of ${instance}`;
  if (connections.worker < workers) return `${concurrency.worker} concurrent workers need ${workers} connections`;
  if (connections.api < (concurrency.api ?? 0)) return `the API's concurrency of ${concurrency.api} needs as many`;
  return undefined;
}

/** Settings of a stage. For an unknown stage those of `dev`; `stageProblem` then stops the deploy. */
export function settingsOf(stage: string): StageSettings {
  return stages[nameOf(stage) ?? "dev"];
}

const accountOf = (stage: string): string | undefined => process.env[settingsOf(stage).accountVariable];

const isAccount = (account: string | undefined): boolean => /^\d{12}$/.test(account ?? "");

/** The only accounts that the AWS provider accepts; undefined: the account of the credentials. */
export function allowedAccountIds(stage: string): string[] | undefined {
  const account = accountOf(stage);
  if (account && isAccount(account)) return [account];
  const anyAccount = !account && nameOf(stage) && settingsOf(stage).development;
  return anyAccount ? undefined : [NO_ACCOUNT];
}

/** The recipient of a stage's alarms; undefined: none. */
export const alarmEmailOf = (stage: string): string | undefined => process.env[settingsOf(stage).alarmVariable];

const isAddress = (email: string): boolean => /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email);

const LOG_DAYS: Record<StageSettings["functions"]["logRetention"], number> = {
  "1 week": 7,
  "1 month": 30,
  "3 months": 90,
  "1 year": 365,
};

/** The reason why the stage cannot be deployed, with the fix; undefined when it can. */
export function stageProblem(stage: string): string | undefined {
  const { accountVariable, alarmVariable, api, database, development, functions, monthlyBudgetUSD } = settingsOf(stage);
  const account = accountOf(stage);
  const alarmEmail = alarmEmailOf(stage);
  if (!nameOf(stage)) {
    const names = Object.keys(stages).join(", ");
    return `Unknown stage "${stage}". Use --stage with one of ${names}, or dev-NAME for a personal copy of dev.`;
  }
  if (account ? !isAccount(account) : !development) {
    return `Stage "${stage}" belongs to one AWS account: set ${accountVariable} to its 12 digits.`;
  }
  if (LOG_DAYS[functions.logRetention] < database.backupDays) {
    return `Stage "${stage}" keeps backups longer than logs: after a restore, erasures are repeated from the logs.`;
  }
  const connections = connectionsProblem(settingsOf(stage));
  if (connections) {
    return `Stage "${stage}" has invalid database.connections in project.config.ts: ${connections}.`;
  }
  if (api.auth.type === "open" && !development) {
    return `Stage "${stage}" is not a development stage, so its API must not be open: set api.auth in project.config.ts.`;
  }
  if (alarmEmail ? !isAddress(alarmEmail) : !development) {
    return `The alarms of stage "${stage}" need a recipient: set ${alarmVariable} to an e-mail address.`;
  }
  if (monthlyBudgetUSD !== null && (monthlyBudgetUSD <= 0 || !alarmEmail)) {
    return `Stage "${stage}" has an invalid budget: set ${alarmVariable} to an e-mail address, and monthlyBudgetUSD in project.config.ts to more than 0.`;
  }
  return undefined;
}
