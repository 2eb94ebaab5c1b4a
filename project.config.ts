/**
 * What the pipeline is called, how big it is and what it may do: plain data, read by sst.config.ts and infra/.
 * Stages differ in the values below and in nothing else.
 */

export const project = "bedrock-pipeline";

export type StageName = "dev" | "staging" | "production";

/** Who may call the API. `/health` alone answers everybody. */
export type ApiAuth =
  /** Anybody: refused unless the stage is for development. */
  | { type: "open" }
  /** AWS credentials that are allowed `execute-api:Invoke` (SigV4): nothing to set up. */
  | { type: "iam" }
  /** Access tokens of an OpenID provider. A token needs one of the scopes of what it calls: an ID token has none. */
  | { type: "jwt"; issuer: string; audiences: Some; scopes: { submit: Some; read: Some } };

type Some = [string, ...string[]];

/** How functions without internet addresses reach AWS's services. */
export type NetworkMode =
  /** A private endpoint for each service that is used: about 7 USD a month for each, in each zone. */
  | "endpoints"
  /** AWS's NAT gateway: about 33 USD a month in each zone, and the traffic. */
  | "nat-gateway"
  /** SST's NAT on a small EC2 instance: about 7 USD a month in each zone; its image is a third party's (fck-nat). */
  | "nat-instance";

/** SST's words for how long CloudWatch keeps what is logged. */
export type LogRetention = "1 week" | "1 month" | "3 months" | "1 year";

/** An entry of functions/pipeline/models/catalogue.json: what the stack needs of it, and the rest. */
export interface ModelEntry {
  id: string;
  lifecycle: { state: string };
  policy_arns: string[];
  [field: string]: unknown;
}

/** The Parameter Store value that functions/pipeline/jobs/domain/job_config.py reads as `StageConfig`. */
export interface StageConfig {
  llm: {
    /** Alias or id of the model that a request gets when it names none; null: the list's own default. */
    model: string | null;
    temperature: number;
    top_p: number;
    max_tokens: number;
    guardrail: { identifier: string; version: string } | null;
    service_tier: "default" | "flex" | "priority" | "reserved" | null;
    prompt_caching: boolean;
  };
  limits: {
    /** Calls of models at a time, whatever becomes of the workers; null: as many as there are workers. */
    concurrent_model_calls: number | null;
    /** What models may cost from midnight to midnight UTC; null: whatever it comes to. */
    daily_usd: number | null;
    daily_usd_per_tenant: number | null;
    /** More are refused (429): the queue and the database are everybody's; null: as many as come. */
    waiting_jobs_per_tenant: number | null;
    /** Once the money is spent: refuse requests (429), or accept jobs that wait for the next day. */
    over_limit: "refuse" | "wait";
  };
  aliases: Record<string, string>;
  models: ModelEntry[];
}

export interface StageSettings {
  /** People try things out here: the API may be open, and no account need be named. */
  development: boolean;
  region: string;
  /** The environment variable with the 12 digits of the only AWS account that this stage may be deployed to. */
  accountVariable: string;
  /** Refuse `sst remove`. */
  protect: boolean;
  removal: "remove" | "retain" | "retain-all";
  network: {
    mode: NetworkMode;
    /** Availability zones: how many, or which where a service that is used is missing in one. RDS wants two. */
    zones: number | string[];
    /** Zones that have the private endpoints: one is cheaper, and an outage of that zone takes the stage down. */
    endpointZones: number;
    /** Networks that may reach the bastion of `sst tunnel`; none: there is no bastion. */
    bastionFrom: string[];
  };
  database: {
    /** RDS instance class, without `db.`. */
    instance: string;
    /** Storage grows by itself from 20 GB to this. */
    maxStorageGB: number;
    multiAz: boolean;
    deletionProtection: boolean;
    finalSnapshot: boolean;
    backupDays: number;
    performanceInsights: boolean;
    /**
     * RDS Proxy between the functions and the database: a failover takes seconds, and a burst waits instead of being
     * refused. It shares no connections out: a function's own settings and statements keep it to one of them.
     */
    proxy: boolean;
  };
  results: { keepDays: number; keepOldVersionsDays: number };
  functions: {
    /** MB. Lambda gives CPU in proportion: at 1,769 MB a whole one. */
    memory: Record<"api" | "worker" | "sweeper" | "deadLetter" | "operator" | "migrator", number>;
    logRetention: LogRetention;
    tracing: boolean;
  };
  concurrency: {
    /** Jobs at a time, so model calls and database connections at a time. At least 2: Lambda allows no less. */
    worker: number;
    /** API requests at a time; null: whatever the account has free. A new account may have a limit of 10 in all. */
    api: number | null;
  };
  api: {
    auth: ApiAuth;
    /** Origins of web pages that may call the API; none: browsers may not. */
    corsOrigins: string[];
    throttle: { requestsPerSecond: number; burst: number };
  };
  /** Who is told of alarms; null: nobody. AWS asks the address for its consent first. */
  alarmEmail: string | null;
  /**
   * At 80 % of this, spent or foreseen in a month, `alarmEmail` is told; null: never. It counts the whole account, for
   * AWS can tell a stage's costs apart only once its tags are activated for billing. It stops nothing.
   */
  monthlyBudgetUSD: number | null;
  /** Which of catalogue.json the worker may invoke: all that can be called from the region, or these ids. */
  models: "listed" | string[];
  config: StageConfig;
}

/** Hold on every stage: the code is written for these numbers. */
export const limits = {
  runtime: "python3.12",
  /** One that the build machine can run: so what ships can be tried before it ships. */
  architecture: "x86_64",
  /** API Gateway gives up after 30 s. */
  apiTimeoutSeconds: 29,
  /** Three model calls of 125 s, and what is around them. */
  workerTimeoutSeconds: 600,
  /** It starts every minute, and two of them at once would only do the same work twice. */
  sweeperTimeoutSeconds: 50,
  /** A silent database is waited for twice, 3.5 s each time, and connected to. */
  deadLetterTimeoutSeconds: 30,
  /** Fifty jobs run again, and a list of five hundred, take a few seconds. */
  operatorTimeoutSeconds: 60,
  migratorTimeoutSeconds: 300,
  /** A step of a rotation: a few statements, and a few calls of Secrets Manager. */
  rotatorTimeoutSeconds: 60,
  /** How long a password of the database's roles lives. */
  rotationDays: 30,
  /** Six times the worker's timeout, as AWS advises: a message must not come back while it is worked on. */
  visibilityTimeoutSeconds: 3_600,
  /** Six times the timeout of who reads it. A letter that cannot be written down comes back this often. */
  deadLetterVisibilityTimeoutSeconds: 180,
  /** 14 days, the most that SQS keeps: time to look at a dead letter. */
  messageRetentionSeconds: 1_209_600,
  maxReceiveCount: 5,
  /** One job a message, one message an invocation: a job never waits for another one's model. */
  batchSize: 1,
} as const;

/** When somebody is told. Errors are counted over five minutes. */
export const alarms = {
  /** Jobs wait for the model in the queue, so some age is normal. */
  oldestMessageSeconds: 1_800,
  apiServerErrors: 5,
  functionErrors: 3,
  databaseCpuPercent: 80,
  /** RDS adds storage when a tenth is left, 2 GB of the first 20: for this long below that, it does not. */
  databaseFreeStorageGB: 2,
  budgetPercent: 80,
} as const;

/** The Parameter Store value `/{project}/{stage}/business-rules`: for each analysis, what its rules_model takes. */
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
    prompt_caching: false,
  },
  limits: { concurrent_model_calls: null, daily_usd: null, daily_usd_per_tenant: null, waiting_jobs_per_tenant: 10_000, over_limit: "refuse" },
  aliases: {},
  models: [],
};

/** The same, with limits. About 120 jobs of the kind that come with it cost a dollar. */
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
      proxy: false,
    },
    results: { keepDays: 14, keepOldVersionsDays: 7 },
    functions: {
      memory: { api: 512, worker: 512, sweeper: 512, deadLetter: 512, operator: 512, migrator: 512 },
      logRetention: "1 week",
      tracing: true,
    },
    concurrency: { worker: 10, api: null },
    api: {
      auth: { type: "open" },
      corsOrigins: ["http://localhost:3000"],
      // Anybody may call: this bounds what that can cost.
      throttle: { requestsPerSecond: 10, burst: 20 },
    },
    alarmEmail: null,
    monthlyBudgetUSD: null,
    models: "listed",
    // Its API is open: this is what anybody can make it cost.
    config: limited({ concurrent_model_calls: 10, daily_usd: 10 }),
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
      proxy: false,
    },
    results: { keepDays: 30, keepOldVersionsDays: 7 },
    functions: {
      memory: { api: 512, worker: 512, sweeper: 512, deadLetter: 512, operator: 512, migrator: 512 },
      logRetention: "1 month",
      tracing: true,
    },
    concurrency: { worker: 10, api: null },
    api: {
      auth: { type: "iam" },
      corsOrigins: [],
      throttle: { requestsPerSecond: 100, burst: 200 },
    },
    alarmEmail: null,
    monthlyBudgetUSD: null,
    models: "listed",
    config: limited({ concurrent_model_calls: 10, daily_usd: 50 }),
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
      proxy: false,
    },
    results: { keepDays: 365, keepOldVersionsDays: 30 },
    functions: {
      memory: { api: 1_024, worker: 512, sweeper: 512, deadLetter: 512, operator: 512, migrator: 512 },
      logRetention: "1 year",
      tracing: true,
    },
    // Together well below the 400 or so connections that 4 GB of memory give the database.
    concurrency: { worker: 40, api: 100 },
    api: {
      auth: { type: "iam" },
      corsOrigins: [],
      throttle: { requestsPerSecond: 1_000, burst: 2_000 },
    },
    alarmEmail: null,
    monthlyBudgetUSD: null,
    models: "listed",
    config: limited({ concurrent_model_calls: 40, daily_usd: 500, daily_usd_per_tenant: 100 }),
  },
};

/** The Parameter Store names that functions are given. */
export const parameterName = (stage: string, key: "config" | "business-rules"): string =>
  `/${project}/${stage}/${key}`;

/** For what people see by its name, such as an alarm. What SST names gets a random suffix besides. */
export const resourceName = (stage: string, what: string): string => `${project}-${stage}-${what}`;
