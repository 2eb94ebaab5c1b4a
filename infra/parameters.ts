/**
 * What an operator can change without a deploy: functions read it again every five minutes. Such a change lasts until
 * the value in project.config.ts changes. Nothing in them is secret, and "insecure" only lets `sst diff` show it.
 */

import { businessRules, parameterName } from "../project.config";
import { stage, stageName } from "./stage";

export const config = new aws.ssm.Parameter("Config", {
  name: parameterName(stageName, "config"),
  description: "The stage's models and their settings",
  type: "String",
  insecureValue: JSON.stringify(stage.config),
});

export const rules = new aws.ssm.Parameter("BusinessRules", {
  name: parameterName(stageName, "business-rules"),
  description: "The rules of the analyses that have some",
  type: "String",
  insecureValue: JSON.stringify(businessRules),
});
