/**
 * Settings that an operator can change without a deploy: functions read them every five minutes. Such a change lasts
 * until the value in project.config.ts changes. The values are not secret; `insecureValue` lets `sst diff` show them.
 */

import { businessRules, parameterName } from "../project.config";
import { stage, stageName } from "./stage";

export const configParameter = new aws.ssm.Parameter("Config", {
  name: parameterName(stageName, "config"),
  description: "Models, their settings and limits",
  type: "String",
  insecureValue: JSON.stringify(stage.config),
});

export const businessRulesParameter = new aws.ssm.Parameter("BusinessRules", {
  name: parameterName(stageName, "business-rules"),
  description: "The business rules of the analyses that use them",
  type: "String",
  insecureValue: JSON.stringify(businessRules),
});
