/** Which settings a stage has, which AWS account it belongs to, and what is wrong with either. Needs no AWS. */

import { stages, type StageName, type StageSettings } from "../project.config";

/** A developer's own copy of `dev`, such as `dev-maria`. */
const PERSONAL_STAGE = /^dev-[a-z0-9]+$/;

/** An account that does not exist: with it the AWS provider refuses to do anything. */
const NO_ACCOUNT = "000000000000";

function nameOf(stage: string): StageName | undefined {
  const name = PERSONAL_STAGE.test(stage) ? "dev" : stage;
  return Object.hasOwn(stages, name) ? (name as StageName) : undefined;
}

/** The settings of a stage; of one that does not exist, those of `dev`, with which `faultOf` lets nobody go on. */
export function settingsOf(stage: string): StageSettings {
  return stages[nameOf(stage) ?? "dev"];
}

const accountOf = (stage: string): string | undefined => process.env[settingsOf(stage).accountVariable];

const isAccount = (account: string | undefined): boolean => /^\d{12}$/.test(account ?? "");

/** The only accounts that the AWS provider will touch; undefined: whichever the credentials are for. */
export function allowedAccountIds(stage: string): string[] | undefined {
  const account = accountOf(stage);
  if (account && isAccount(account)) return [account];
  const anyWillDo = !account && nameOf(stage) && settingsOf(stage).development;
  return anyWillDo ? undefined : [NO_ACCOUNT];
}

/** Why the stage cannot be deployed, and what to do about it. */
export function faultOf(stage: string): string | undefined {
  const { accountVariable, alarmEmail, api, development, monthlyBudgetUSD } = settingsOf(stage);
  const account = accountOf(stage);
  if (!nameOf(stage)) {
    const names = Object.keys(stages).join(", ");
    return `There is no stage "${stage}". Give --stage one of ${names}, or dev-NAME for your own copy of dev.`;
  }
  if (account ? !isAccount(account) : !development) {
    return `Stage "${stage}" belongs to one AWS account: set ${accountVariable} to its 12 digits.`;
  }
  if (api.auth.type === "open" && !development) {
    return `Stage "${stage}" is not for development, so its API may not be open: set api.auth in project.config.ts.`;
  }
  if (monthlyBudgetUSD !== null && (monthlyBudgetUSD <= 0 || alarmEmail === null)) {
    return `Stage "${stage}" has a budget that nobody would hear of: set alarmEmail in project.config.ts, and more than 0.`;
  }
  return undefined;
}
