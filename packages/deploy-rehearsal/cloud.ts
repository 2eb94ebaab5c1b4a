/**
 * The services that SST's command line uses before and after a deploy: STS, SSM and S3, served by moto.
 *
 * SST prepares a new account and closes its state bucket to plain HTTP, which moto would then enforce against the
 * rehearsal. So the account is prepared here, in every region.
 */
import { CannotRehearse } from "./errors.ts";
import { start } from "./processes.ts";

export interface Cloud {
  endpoint: string;
  stop(): Promise<void>;
}

/** The version that SST 4.17 records for a prepared account. It upgrades lower ones. */
const BOOTSTRAP_VERSION = 5;
const START_MS = 30_000;
const REGIONS = [
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
  "ca-central-1",
  "sa-east-1",
  "eu-central-1",
  "eu-central-2",
  "eu-north-1",
  "eu-south-1",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
  "ap-south-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ap-southeast-3",
  "me-central-1",
  "af-south-1",
];

export async function startCloud(
  command: string,
  env: NodeJS.ProcessEnv,
  cwd: string,
  account: string,
): Promise<Cloud> {
  let found: (endpoint: string) => void = () => undefined;
  const listening = new Promise<string>((resolve) => (found = resolve));
  const moto = start({
    command,
    args: ["-H", "127.0.0.1", "-p", "0"],
    cwd,
    env: { ...env, MOTO_ACCOUNT_ID: account, PYTHONWARNINGS: "ignore" },
    onLine: (line) => {
      const endpoint = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (endpoint !== undefined) found(endpoint);
    },
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new CannotRehearse(`${command} did not start within ${START_MS / 1000} s`)),
      START_MS,
    );
  });
  const ended = moto.finished.then(
    ({ output }) => Promise.reject(new CannotRehearse(`${command} ended at once: ${output.slice(-3).join(" ")}`)),
    () => Promise.reject(new CannotRehearse(`${command} was not found: install moto[server], or pass --moto`)),
  );
  ended.catch(() => undefined);
  try {
    const endpoint = await Promise.race([listening, ended, late]);
    // One by one: with several first requests at once, moto would load the services for each of them.
    for (const region of REGIONS) await prepare(endpoint, region, account);
    return { endpoint, stop: moto.stop };
  } catch (error) {
    await moto.stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function prepare(endpoint: string, region: string, account: string): Promise<void> {
  const [asset, state] = [`sst-asset-${account}-${region}`, `sst-state-${account}-${region}`];
  const place =
    region === "us-east-1"
      ? undefined
      : `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
  for (const bucket of [asset, state]) await send(`${endpoint}/${bucket}`, "PUT", "s3", region, {}, place);
  const value = {
    version: BOOTSTRAP_VERSION,
    asset,
    state,
    assetEcrRegistryId: account,
    assetEcrUrl: `${account}.dkr.ecr.${region}.amazonaws.com/sst-asset`,
    appsyncHttp: `rehearsal.appsync-api.${region}.amazonaws.com`,
    appsyncRealtime: `rehearsal.appsync-realtime-api.${region}.amazonaws.com`,
  };
  const headers = { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.PutParameter" };
  const parameter = { Name: "/sst/bootstrap", Type: "String", Value: JSON.stringify(value) };
  await send(endpoint, "POST", "ssm", region, headers, JSON.stringify(parameter));
}

/** Sends an unsigned request. moto reads only the service and the region from the header. */
async function send(
  url: string,
  method: string,
  service: string,
  region: string,
  headers: Record<string, string>,
  body?: string,
): Promise<void> {
  const Authorization = `AWS4-HMAC-SHA256 Credential=rehearsal/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;
  const response = await fetch(url, {
    method,
    headers: { ...headers, Authorization },
    ...(body === undefined ? {} : { body }),
  });
  if (!response.ok)
    throw new CannotRehearse(`the cloud refused ${service} in ${region}: ${response.status} ${await response.text()}`);
}
