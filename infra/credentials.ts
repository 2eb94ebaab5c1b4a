/**
 * Secrets with the logins of the two database roles, as `{"username", "password"}`. The migrations create the roles.
 * The passwords below are the initial ones; from then on ./rotation.ts changes them.
 */

import { resourceName } from "../project.config";
import { stage, stageName } from "./stage";

// Not an argument of each secret: sst.aws.Postgres gives the owner's secret 0 days, and has no transform for it.
$transform(aws.secretsmanager.Secret, (args) => {
  args!.recoveryWindowInDays = stage.secretRecoveryDays;
});

function credentials(name: string, username: string, description: string) {
  const secret = new aws.secretsmanager.Secret(`${name}Credentials`, {
    name: resourceName(stageName, `${name.toLowerCase()}-credentials`),
    description,
  });
  const password = new random.RandomPassword(`${name}Password`, { length: 32, special: false });
  const first = new aws.secretsmanager.SecretVersion(
    `${name}FirstCredentials`,
    { secretId: secret.id, secretString: $jsonStringify({ username, password: password.result }) },
    { ignoreChanges: ["secretString"] },
  );
  return { username, arn: secret.arn, first };
}

export const apiCredentials = credentials("Api", "pipeline_api", "Database login of the API");
export const workerCredentials = credentials("Worker", "pipeline_worker", "Database login of the workers");

export const roleSecrets = [apiCredentials.arn, workerCredentials.arn];
