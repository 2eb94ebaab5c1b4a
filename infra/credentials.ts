/**
 * The database's two roles, which the migrations make, and the secrets with their passwords: `{"username", "password"}`.
 * The values below are the first ones; from then on ./rotation.ts changes them.
 */

import { resourceName } from "../project.config";
import { stageName } from "./stage";

function credentials(name: string, username: string, description: string) {
  const secret = new aws.secretsmanager.Secret(`${name}Credentials`, {
    name: resourceName(stageName, `${name.toLowerCase()}-credentials`),
    description,
    recoveryWindowInDays: 0, // or the stage could not be made again for a month
  });
  const password = new random.RandomPassword(`${name}Password`, { length: 32, special: false });
  const first = new aws.secretsmanager.SecretVersion(
    `${name}FirstCredentials`,
    { secretId: secret.id, secretString: $jsonStringify({ username, password: password.result }) },
    { ignoreChanges: ["secretString"] },
  );
  return { username, arn: secret.arn, first };
}

export const apiCredentials = credentials("Api", "pipeline_api", "What the API logs in to the database with");
export const workerCredentials = credentials("Worker", "pipeline_worker", "What workers log in to the database with");

export const roleSecrets = [apiCredentials.arn, workerCredentials.arn];
