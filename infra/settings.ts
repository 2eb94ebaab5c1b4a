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

/** The reason why the stage cannot be deployed, with the fix; undefined when it can. */
export function stageProblem(stage: string): string | undefined {
  const { accountVariable, alarmVariable, api, development, monthlyBudgetUSD } = settingsOf(stage);
  const account = accountOf(stage);
  const alarmEmail = alarmEmailOf(stage);
  if (!nameOf(stage)) {
    const names = Object.keys(stages).join(", ");
    return `Unknown stage "${stage}". Use --stage with one of ${names}, or dev-NAME for a personal copy of dev.`;
  }
  if (account ? !isAccount(account) : !development) {
    return `Stage "${stage}" belongs to one AWS account: set ${accountVariable} to its 12 digits.`;
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
