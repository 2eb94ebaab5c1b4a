/** Environment variables of the functions that submit, run and read jobs. */

import { type Credentials, proxiedDatabaseEnvironment } from "../function";
import { businessRulesParameter, configParameter } from "../parameters";
import { jobQueue } from "./queue";
import { results } from "./results";

export const jobEnvironment = (credentials: Credentials) => ({
  ...proxiedDatabaseEnvironment(credentials),
  S3_BUCKET_NAME: results.name,
  SQS_QUEUE_URL: jobQueue.url,
  CONFIG_PARAMETER_NAME: configParameter.name,
  BUSINESS_RULES_PARAMETER_NAME: businessRulesParameter.name,
});
