/**
 * Names, sizes, limits and permissions of the pipeline, as plain data that sst.config.ts and infra/ read.
 * Stages differ in the values below and in nothing else.
 */

export const project = "bedrock-pipeline";

export type StageName = "dev" | "staging" | "production";

/** Authorization of API calls. `/health` never needs any. */
export type ApiAuth =
  /** Everyone. Refused unless the stage is a development stage. */
  | { type: "open" }
  /** AWS credentials with `execute-api:Invoke` (SigV4). Needs no setup. */
  | { type: "iam" }
  /** Access tokens of an OpenID provider. A token needs one of the route's scopes. ID tokens have none. */
  | { type: "jwt"; issuer: string; audiences: Some; scopes: { submit: Some; read: Some } };

type Some = [string, ...string[]];

/** How functions without public IP addresses reach AWS services. */
export type NetworkMode =
  /** A private endpoint for each service: about 7 USD a month each, in each zone. */
  | "endpoints"
  /** AWS's NAT gateway: about 33 USD a month in each zone, plus traffic. */
  | "nat-gateway"
  /** SST's NAT on a small EC2 instance: about 7 USD a month in each zone. Its image is from a third party (fck-nat). */
  | "nat-instance";

export interface Throttle {
  requestsPerSecond: number;
  burst: number;
}

/** How long CloudWatch keeps logs, in SST's notation. */
export type LogRetention = "1 week" | "1 month" | "3 months" | "1 year";

/** An entry of functions/pipeline/models/catalogue.json. The stack reads the named fields only. */
export interface ModelEntry {
  id: string;
  lifecycle: { state: string };
  policy_arns: string[];
  [field: string]: unknown;
}

/** The Parameter Store value that functions/pipeline/models/stage_config.py parses as `StageConfig`. */
export interface StageConfig {
  llm: {
    /** Alias or id of the model for requests that name none; null: the catalogue's default. */
    model: string | null;
    temperature: number;
    top_p: number;
    max_tokens: number;
    guardrail: { identifier: string; version: string } | null;
    service_tier: "default" | "flex" | "priority" | "reserved" | null;
    /** Cache the constant beginning of prompts where that pays; false: never. */
    prompt_caching: boolean;
  };
  limits: {
    /** Largest `max_tokens` of a call, which is reserved for it; null: the model's own limit. */
    max_tokens: number | null;
    /** Maximum concurrent model calls, of all workers together; null: bounded only by the number of workers. */
    concurrent_model_calls: number | null;
    /** Maximum cost of model calls from midnight to midnight UTC; null: unlimited. */
    daily_usd: number | null;
    daily_usd_per_tenant: number | null;
    /** Maximum queued jobs of a tenant; further ones are refused (429). Tenants share the queue. null: unlimited. */
    queued_jobs_per_tenant: number | null;
    /** Maximum jobs, and bytes of their documents and metadata, that a tenant submits from midnight to midnight UTC. */
    daily_jobs_per_tenant: number | null;
    daily_input_bytes_per_tenant: number | null;
    /** After the daily limit is reached: refuse requests (429), or accept jobs that wait for the next day. */
    over_limit: "refuse" | "wait";
  };
  aliases: Record<string, string>;
  models: ModelEntry[];
}

export interface StageSettings {
  /** A stage for experiments: its API may be open, and it needs no named account. */
  development: boolean;
  region: string;
  /** The environment variable with the 12 digits of the only AWS account that this stage may be deployed to. */
  accountVariable: string;
  /** Refuse `sst remove`. */
  protect: boolean;
  removal: "remove" | "retain" | "retain-all";
  network: {
    mode: NetworkMode;
    /** Availability zones: how many, or which, where one lacks a service. RDS requires two. */
    zones: number | string[];
    /** Number of zones with private endpoints. One is cheaper, but an outage of that zone stops the stage. */
    endpointZones: number;
    /** CIDR blocks that may connect to the bastion of `sst tunnel`; empty: no bastion. */
    bastionFrom: string[];
  };
  database: {
    /** RDS instance class, without `db.`. */
    instance: string;
    /** Storage grows automatically from 20 GB up to this. */
    maxStorageGB: number;
    multiAz: boolean;
    deletionProtection: boolean;
    finalSnapshot: boolean;
    backupDays: number;
    performanceInsights: boolean;
    /**
     * Most connections of each role, so that a flood of API requests leaves the workers theirs: further requests get 503.
     * A function instance keeps its connection, and a deploy starts new instances beside the old ones. Together with ten
     * for the owner and for operators they must fit the instance's memory: `infra/settings.ts` refuses others.
     */
    connections: { api: number; worker: number };
    /**
     * RDS Proxy between the functions and the database: a failover takes seconds, and bursts of connections wait
     * instead of failing. It does not multiplex: session settings and prepared statements pin each connection.
     */
    proxy: boolean;
  };
  /**
   * Days from the end of a job to the erasure of its document, metadata and result, in the database and in S3. The job,
   * its history and its cost stay. Backups keep erased content for `database.backupDays` more.
   */
  retentionDays: number;
  /**
   * Days for which a deleted secret can be restored, 0 or 7 to 30. Its name stays taken for as long, so a stage that is
   * removed and deployed again needs 0.
   */
  secretRecoveryDays: number;
  functions: {
    /** Lambda assigns CPU in proportion: one vCPU at 1,769 MB. */
    memoryMB: Record<"api" | "worker" | "sweeper" | "deadLetter" | "operator" | "migrator" | "rotator", number>;
    logRetention: LogRetention;
    tracing: boolean;
  };
  concurrency: {
    /** Maximum concurrent jobs, and so concurrent model calls and database connections. Lambda's minimum is 2. */
    worker: number;
    /** Reserved concurrency of the API; null: the account's unreserved pool. A new account may have 10 in all. */
    api: number | null;
  };
  api: {
    auth: ApiAuth;
    /** Origins of web pages that may call the API; empty: none. */
    corsOrigins: string[];
    /** Of each route, except `/health`, whose throttle is `publicThrottle`. */
    throttle: Throttle;
  };
  /**
   * The environment variable with the e-mail address that alarms go to. It must be set, unless the stage is for
   * development. AWS asks the address for confirmation first.
   */
  alarmVariable: string;
  /**
   * The recipient of alarms is notified at 80 % of this, actual or forecasted in a month; null: never. It counts the whole
   * account: AWS separates the costs of stages only after their tags are activated for billing. It stops nothing.
   */
  monthlyBudgetUSD: number | null;
  /** Models that the worker may invoke: all of catalogue.json that the region can call, or these ids or aliases. */
  allowedModels: "listed" | string[];
  config: StageConfig;
}

/** Settings of the functions and their queues, the same in every stage. The code depends on them. */
export const functionSettings = {
  runtime: "python3.12",
  /** The build machine's architecture, so that the archives can be run before they are deployed. */
  architecture: "x86_64",
  /** API Gateway's integration timeout is 30 s. */
  apiTimeoutSeconds: 29,
  /** Three model calls of 125 s, plus database, storage and queue calls. */
  workerTimeoutSeconds: 600,
  /** It starts every minute. Two concurrent runs would do the same work twice. */
  sweeperTimeoutSeconds: 50,
  /** Two database timeouts of 3.5 s, plus one connect. */
  deadLetterTimeoutSeconds: 30,
  /** Re-running 50 jobs, or listing 500, takes a few seconds. */
  operatorTimeoutSeconds: 60,
  migratorTimeoutSeconds: 300,
  /** One rotation step: a few statements and a few calls of Secrets Manager. */
  rotatorTimeoutSeconds: 60,
  /** Lifetime of the passwords of the database roles. */
  rotationDays: 30,
  /** Six times the worker's timeout, as AWS recommends: a message must not come back while its job runs. */
  visibilityTimeoutSeconds: 3_600,
  /** Six times the dead-letter handler's timeout. A dead letter that cannot be recorded comes back this often. */
  deadLetterVisibilityTimeoutSeconds: 180,
  /** 14 days, the maximum of SQS: time to investigate a dead letter. */
  messageRetentionSeconds: 1_209_600,
  maxReceiveCount: 5,
  /** One job per message, one message per invocation: a job never waits for another job's model call. */
  batchSize: 1,
} as const;

/**
 * The throttle of routes that need no credentials, all callers together. Monitors ask every few seconds; each answer asks
 * the database and SQS, so a flood of them must not reach the functions.
 */
export const publicThrottle: Throttle = { requestsPerSecond: 5, burst: 10 };

/** Thresholds of alarms. Errors are counted over five minutes. */
export const alarms = {
  /** Throttled jobs wait in the queue, so some age is normal. */
  oldestMessageSeconds: 1_800,
  apiServerErrors: 5,
  /** Requests answered with 401 or 403. A few are mistakes; this many are a broken client or a search for a way in. */
  apiRefusals: 100,
  functionErrors: 3,
  /** Of the stage's `daily_usd`: time to act before requests are refused. */
  dailySpendPercent: 80,
  /** In each of three periods of five minutes. Some throttling is normal: those jobs wait. */
  modelThrottles: 20,
  databaseCpuPercent: 80,
  /** Of the connections that the instance class accepts. */
  databaseConnectionsPercent: 80,
  /** RDS adds storage at 10 % free, 2 GB of the first 20. Staying below that means that it cannot. */
  databaseFreeStorageGB: 2,
  budgetPercent: 80,
} as const;

/** The Parameter Store value `/{project}/{stage}/business-rules`: by analysis, the input of its `rules_model`. */
export const businessRules = {
  "gap-optimization": {
    immediate_below_minutes: 120,
    same_day_below_minutes: 1_440,
    short_notice_below_minutes: 4_320,
    standard_below_minutes: 20_160,
    min_notice_minutes: 60,
    max_no_shows: 3,
    max_distance_km: 100,
    full_wait_days: 180,
    weights: { priority: 0.3, fit: 0.25, waiting: 0.2, reliability: 0.15, proximity: 0.1 },
  },
};

const config: StageConfig = {
  llm: {
    model: null,
    temperature: 0.1,
    top_p: 0.9,
    max_tokens: 4_000,
    guardrail: null,
    service_tier: null,
    prompt_caching: true,
  },
  limits: {
    max_tokens: 6_000,
    concurrent_model_calls: null,
    daily_usd: null,
    daily_usd_per_tenant: null,
    queued_jobs_per_tenant: 10_000,
    daily_jobs_per_tenant: 50_000,
    // One tenant that sends as much each day fills 183 GB in a year, the longest that a stage keeps documents.
    daily_input_bytes_per_tenant: 500_000_000,
    over_limit: "refuse",
  },
  aliases: {},
  models: [],
};

/** The default configuration with limits. About 120 jobs of the included analyses cost one dollar. */
const limited = (limits: Partial<StageConfig["limits"]>): StageConfig => ({
  ...config,
  limits: { ...config.limits, ...limits },
});

export const stages: Record<StageName, StageSettings> = {
  dev: {
    development: true,
    region: "us-east-1",
    accountVariable: "DEV_AWS_ACCOUNT_ID",
    protect: false,
    removal: "remove",
    network: { mode: "endpoints", zones: 2, endpointZones: 1, bastionFrom: [] },
    database: {
      instance: "t4g.micro",
      maxStorageGB: 50,
      multiAz: false,
      deletionProtection: false,
      finalSnapshot: false,
      backupDays: 1,
      performanceInsights: false,
      connections: { api: 35, worker: 30 },
      proxy: false,
    },
    retentionDays: 14,
    secretRecoveryDays: 0,
    functions: {
      memoryMB: { api: 512, worker: 512, sweeper: 512, deadLetter: 512, operator: 512, migrator: 512, rotator: 512 },
      logRetention: "1 week",
      tracing: true,
    },
    concurrency: { worker: 10, api: null },
    api: {
      auth: { type: "open" },
      corsOrigins: ["http://localhost:3000"],
      // The API is open: this bounds the cost of abuse.
      throttle: { requestsPerSecond: 10, burst: 20 },
    },
    alarmVariable: "DEV_ALARM_EMAIL",
    monthlyBudgetUSD: null,
    allowedModels: "listed",
    // The API is open: these bound the cost of abuse.
    config: limited({
      concurrent_model_calls: 10,
      daily_usd: 10,
      daily_usd_per_tenant: 5,
      daily_jobs_per_tenant: 5_000,
      daily_input_bytes_per_tenant: 100_000_000,
    }),
  },
  staging: {
    development: false,
    region: "us-east-1",
    accountVariable: "STAGING_AWS_ACCOUNT_ID",
    protect: false,
    removal: "remove",
    network: { mode: "endpoints", zones: 2, endpointZones: 1, bastionFrom: [] },
    database: {
      instance: "t4g.small",
      maxStorageGB: 100,
      multiAz: false,
      deletionProtection: false,
      finalSnapshot: false,
      backupDays: 7,
      performanceInsights: true,
      connections: { api: 80, worker: 30 },
      proxy: false,
    },
    retentionDays: 30,
    secretRecoveryDays: 0,
    functions: {
      memoryMB: { api: 512, worker: 512, sweeper: 512, deadLetter: 512, operator: 512, migrator: 512, rotator: 512 },
      logRetention: "1 month",
      tracing: true,
    },
    concurrency: { worker: 10, api: null },
    api: {
      auth: { type: "iam" },
      corsOrigins: [],
      throttle: { requestsPerSecond: 100, burst: 200 },
    },
    alarmVariable: "STAGING_ALARM_EMAIL",
    monthlyBudgetUSD: null,
    allowedModels: "listed",
    config: limited({ concurrent_model_calls: 10, daily_usd: 50, daily_usd_per_tenant: 25 }),
  },
  production: {
    development: false,
    region: "us-east-1",
    accountVariable: "PRODUCTION_AWS_ACCOUNT_ID",
    protect: true,
    removal: "retain",
    network: { mode: "endpoints", zones: 2, endpointZones: 2, bastionFrom: [] },
    database: {
      instance: "t4g.medium",
      maxStorageGB: 200,
      multiAz: true,
      deletionProtection: true,
      finalSnapshot: true,
      backupDays: 30,
      performanceInsights: true,
      connections: { api: 200, worker: 90 },
      proxy: false,
    },
    retentionDays: 365,
    secretRecoveryDays: 30,
    functions: {
      memoryMB: { api: 1_024, worker: 512, sweeper: 512, deadLetter: 512, operator: 512, migrator: 512, rotator: 512 },
      logRetention: "1 year",
      tracing: true,
    },
    concurrency: { worker: 40, api: 100 },
    api: {
      auth: { type: "iam" },
      corsOrigins: [],
      throttle: { requestsPerSecond: 1_000, burst: 2_000 },
    },
    alarmVariable: "PRODUCTION_ALARM_EMAIL",
    monthlyBudgetUSD: null,
    allowedModels: "listed",
    config: limited({ concurrent_model_calls: 40, daily_usd: 500, daily_usd_per_tenant: 100 }),
  },
};

/** Name of a Parameter Store parameter. */
export const parameterName = (stage: string, key: "config" | "business-rules"): string =>
  `/${project}/${stage}/${key}`;

/** Name of a resource that people see by name, such as an alarm. Names that SST generates also get a random suffix. */
export const resourceName = (stage: string, name: string): string => `${project}-${stage}-${name}`;
