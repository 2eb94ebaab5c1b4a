/** Runs one rehearsal, from the app's directory to the graph and the artifacts. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectArtifacts, missing } from "./artifacts.ts";
import { startCloud } from "./cloud.ts";
import type { Answers } from "./engine/deployment.ts";
import { installPrograms, keptOf, sstEnvironment } from "./environment.ts";
import { CannotRehearse } from "./errors.ts";
import { linesAddedBySst } from "./engine/source-position.ts";
import type { Artifact, Diagnostic, Graph, SourcePosition } from "./graph.ts";
import { endGroups, run, watchOver, type Outcome } from "./processes.ts";
import { claimDirectory, copyApp, findSst, installPlatform } from "./workspace.ts";

export interface RehearsalOptions {
  app: string;
  stage: string;
  out: string;
  /** The account id in the graph: a placeholder, because no request reaches an account. */
  account: string;
  python: string | null;
  moto: string;
  /** A JSON file with values that only the cloud, or the owner of the app's secrets, knows. */
  answers: string | null;
  keep: boolean;
  env: NodeJS.ProcessEnv;
  log: (line: string) => void;
  signal?: AbortSignal;
}

export interface Rehearsal {
  graph: Graph;
  artifacts: Artifact[];
  ok: boolean;
}

const ENGINE = join(import.meta.dirname, "engine", "main.ts");
const DEPLOYING = "~  Deploy";
/** Lines that SST prints for a failed run, which may still end with exit status 0. */
const SST_FAILED = /^[✕×]\s/;

export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const { app, stage, out, account, log } = options;
  if (!existsSync(join(app, "sst.config.ts"))) throw new CannotRehearse(`${app} has no sst.config.ts`);
  const sst = findSst(app);
  const answers = readAnswers(options.answers);
  mkdirSync(out, { recursive: true });
  for (const old of ["graph.json", "artifacts.json", "artifacts", "log"])
    rmSync(join(out, old), { recursive: true, force: true });
  const directory = claimDirectory(app);
  const workspace = join(directory, "app");
  const pids = join(directory, "pids");
  watchOver(pids);
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  try {
    installPrograms(directory, ENGINE);
    const env = sstEnvironment(options.env, {
      directory,
      account,
      kept: keptOf(app),
      python: options.python,
    });
    const cloud = startCloud(options.moto, env, directory, account);
    cloud.catch(() => undefined);
    try {
      const refused = await installPlatform({ app, stage, sst, env, log, ...signal });
      if (refused !== null) return conclude(options, app, join(directory, "none"), refused);
      copyApp(app, workspace, sst.modules);
      log(`Rehearsing the deploy of stage ${stage}`);
      const raw = join(directory, "graph.json");
      const outcome = await run({
        command: process.execPath,
        args: [sst.script, "deploy", "--stage", stage, "--print-logs"],
        cwd: workspace,
        env: {
          ...env,
          ...Object.fromEntries(Object.entries(answers.secrets).map(([name, value]) => [`SST_SECRET_${name}`, value])),
          AWS_ENDPOINT_URL: (await cloud).endpoint,
          REHEARSAL_GRAPH: raw,
          REHEARSAL_PIDS: pids,
          ...(options.answers === null ? {} : { REHEARSAL_ANSWERS: options.answers }),
        },
        onLine: (line) => {
          if (isInformative(line)) log(line);
        },
        ...signal,
      });
      if (options.signal?.aborted === true) throw new CannotRehearse("it was interrupted, or exceeded the time limit");
      return conclude(options, workspace, raw, outcome);
    } finally {
      endGroups(read(pids) ?? "");
      await cloud.then(
        ({ stop }) => stop(),
        () => undefined,
      );
    }
  } finally {
    if (options.keep) log(`Kept: ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

/** Judges the run by its output and its graph: the exit status of SST may be 0 after a failure. */
function conclude(
  { app, stage, account, out }: RehearsalOptions,
  workspace: string,
  raw: string,
  outcome: Outcome,
): Rehearsal {
  const logs = join(workspace, ".sst", "log");
  if (existsSync(logs)) cpSync(logs, join(out, "log"), { recursive: true });
  const graph = existsSync(raw) ? readGraph(raw, workspace) : emptyGraph(stage, account);
  const artifacts = collectArtifacts(graph, workspace, out);
  const add = (...more: Diagnostic[]): number => graph.diagnostics.push(...more);
  if (graph.complete) add(...missing(graph, artifacts));
  if (read(join(app, "uv.lock")) !== read(join(workspace, "uv.lock"))) {
    const message = "uv.lock is not up to date: a deploy would change it. Run uv lock.";
    add({ severity: "warning", message, urn: null, sourcePosition: null });
  }
  const failed = !graph.complete || outcome.code !== 0 || outcome.output.some((line) => SST_FAILED.test(line));
  if (failed && !graph.diagnostics.some(({ severity }) => severity === "error")) {
    const ended = outcome.signal === null ? `exit status ${outcome.code}` : outcome.signal;
    const lines = outcome.output.filter(isInformative).join("\n").replaceAll(`${workspace}/`, "");
    const command = workspace === app ? "sst install" : "sst deploy";
    add({
      severity: "error",
      message: `${command} ended with ${ended}:\n${lines}`,
      urn: null,
      sourcePosition: positionOf(lines, workspace),
    });
  }
  graph.complete = !graph.diagnostics.some(({ severity }) => severity === "error");
  writeFileSync(join(out, "graph.json"), `${JSON.stringify(graph, null, 2)}\n`);
  writeFileSync(join(out, "artifacts.json"), `${JSON.stringify(artifacts, null, 2)}\n`);
  return { graph, artifacts, ok: graph.complete };
}

/** Reads the graph, and makes the paths of the working copy relative to the app. */
function readGraph(file: string, workspace: string): Graph {
  return JSON.parse(
    readFileSync(file, "utf8")
      .replaceAll(`file://${workspace}/`, "")
      .replaceAll(`${workspace}/`, "")
      .replaceAll(workspace, "."),
  ) as Graph;
}

/** The position of a syntax error in SST's output, without the lines that SST puts in front of the file. */
function positionOf(lines: string, workspace: string): SourcePosition | null {
  const [, file, line, column] = /^\s+- (\S+?):(\d+):(\d+):? /m.exec(lines) ?? [];
  if (file === undefined) return null;
  // It bundles twice: first with an empty line, to read the configuration, then with the imports, to deploy.
  const added = lines.includes(DEPLOYING) ? linesAddedBySst(workspace) : 1;
  return { file, line: Math.max(1, Number(line) - added), column: Number(column), exact: true };
}

function emptyGraph(stage: string, account: string): Graph {
  return {
    app: "",
    stage,
    account,
    region: "",
    config: {},
    complete: false,
    resources: [],
    invokes: [],
    diagnostics: [],
  };
}

/** Whether to show a line. Errors in SST's log are shown, because its normal output lacks the reason of some. */
function isInformative(line: string): boolean {
  return line !== "" && !/^time=\S+ level=(DEBUG|INFO|WARN) /.test(line);
}

function read(file: string): string | null {
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

function readAnswers(file: string | null): Partial<Answers> & { secrets: Record<string, string> } {
  if (file === null) return { secrets: {} };
  try {
    return { secrets: {}, ...(JSON.parse(readFileSync(file, "utf8")) as object) };
  } catch (error) {
    throw new CannotRehearse(
      `the answers file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
