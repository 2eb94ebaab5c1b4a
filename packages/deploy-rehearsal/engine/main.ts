/**
 * Replaces the `pulumi` program: SST runs this, and this runs the Pulumi program of the app.
 *
 * The program is started as Pulumi's Node language host starts it, so that every copy of Pulumi's SDK within it
 * (`@pulumi/tls` has its own) connects to this engine.
 */
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { writeCheckpoint } from "./checkpoint.ts";
import { parseCommand, type Command } from "./command-line.ts";
import { Deployment, type Answers } from "./deployment.ts";
import { EventLog } from "./event-log.ts";
import { keepBuilds } from "./kept-builds.ts";
import { serve } from "./monitor.ts";
import type { Place } from "./outputs.ts";
import { ProviderTypes } from "./provider-types.ts";
import { linesAddedBySst } from "./source-position.ts";
import { loadStubs } from "./stubs.ts";
import type { Properties } from "./wire.ts";

type Run = Extract<Command, { kind: "run" }>;

const PARALLEL = 16;

async function run(command: Run): Promise<number> {
  const { stack, config } = command;
  // The command ends the program if this process is killed.
  appendFileSync(required("REHEARSAL_PIDS"), `${process.pid}\n`);
  const program = /^main: *(.+)$/m.exec(readFileSync("Pulumi.yaml", "utf8"))?.[1];
  if (program === undefined) throw new Error("Pulumi.yaml names no program");
  const platform = dirname(program);
  const appDirectory = dirname(dirname(platform));
  const events = new EventLog(command.eventLog);
  const deployment = new Deployment({
    ...stack,
    place: placeOf(config),
    config,
    types: new ProviderTypes(join(platform, "node_modules")),
    answers: readAnswers(),
    secrets: Object.entries(process.env).flatMap(([name, value]) =>
      name.startsWith("SST_SECRET_") && value ? [value] : [],
    ),
    observer: events,
  });
  const stubs = loadStubs(platform);
  const sources = { appDirectory, addedLines: linesAddedBySst(appDirectory) };
  const monitor = await serve(stubs, deployment, sources);
  const builds = await keepBuilds(required("SST_SERVER"), appDirectory, required("REHEARSAL_BUILDS"));
  const succeeded = await runProgram(
    { runner: stubs.runner, file: program, address: monitor.address, sst: builds.url },
    command,
    deployment,
  );
  monitor.stop();
  builds.stop();
  const graph = deployment.graph(succeeded);
  writeCheckpoint(process.cwd(), stack, graph.resources);
  writeFileSync(required("REHEARSAL_GRAPH"), JSON.stringify(graph, null, 2));
  events.summary(graph.resources.length);
  return graph.complete ? 0 : 1;
}

interface Program {
  runner: string;
  file: string;
  address: string;
  sst: string;
}

function runProgram(
  { runner, file, address, sst }: Program,
  { stack, config, dryRun }: Run,
  deployment: Deployment,
): Promise<boolean> {
  const flags = ["--monitor", address, "--engine", address, "--project", stack.app, "--stack", stack.stage];
  flags.push("--organization", "organization", "--pwd", process.cwd(), "--parallel", String(PARALLEL));
  if (dryRun) flags.push("--dry-run");
  const loaded = ["--disable-warning=ExperimentalWarning", "--import", join(import.meta.dirname, "kept-archives.ts")];
  const child = spawn(process.execPath, [...loaded, runner, ...flags, file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      SST_SERVER: sst,
      PULUMI_CONFIG: JSON.stringify(config),
      PULUMI_CONFIG_SECRET_KEYS: "[]",
    },
  });
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on("line", (line) => deployment.diagnose("info", line, null));
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => child.kill("SIGKILL"));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code !== 0 && !deployment.failed) {
        deployment.diagnose(
          "error",
          `The program ended with ${signal ?? `exit status ${code}`} and reported no error.`,
          null,
        );
      }
      resolve(code === 0);
    });
  });
}

function placeOf(config: Record<string, string>): Place {
  const region = config["aws:region"] ?? required("AWS_REGION");
  const tags = JSON.parse(config["aws:defaultTags"] ?? "{}") as { tags?: Properties };
  const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  return { region, partition, account: required("REHEARSAL_ACCOUNT"), defaultTags: tags.tags ?? {} };
}

function readAnswers(): Answers {
  const file = process.env["REHEARSAL_ANSWERS"];
  const given = file ? (JSON.parse(readFileSync(file, "utf8")) as Partial<Answers>) : {};
  return { resources: given.resources ?? {}, invokes: given.invokes ?? {} };
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: only the command of the rehearsal starts the engine`);
  return value;
}

try {
  const command = parseCommand(process.argv.slice(2));
  if (command.kind === "init") writeCheckpoint(process.cwd(), command.stack, []);
  else process.exitCode = await run(command);
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
