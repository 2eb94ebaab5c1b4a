/** The command: `node packages/deploy-rehearsal/cli.ts --help`. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { CannotRehearse } from "./errors.ts";
import { rehearse } from "./rehearse.ts";

const HELP = `Rehearses the deploy of an SST app: runs the real "sst deploy" without an AWS account.

  node packages/deploy-rehearsal/cli.ts --stage STAGE --out DIR [options]

  --app DIR        the app's directory, with sst.config.ts (default: this directory)
  --stage STAGE    the stage to rehearse
  --out DIR        directory for graph.json, artifacts.json, artifacts/NAME/code.zip and SST's logs
  --answers FILE   JSON with values that only the cloud knows: {"invokes": {TOKEN: {...}}, "resources": {TYPE: {...}},
                   "secrets": {NAME: PLACEHOLDER}}
  --account ID     the account id in the graph (default: 111122223333)
  --python VERSION the Python that uv uses (default: as in a deploy, UV_PYTHON of .env or uv's choice)
  --moto PROGRAM   moto's server (default: moto_server on the PATH)
  --timeout SEC    time limit in seconds (default: 900)
  --keep           keep the working copy
  --end-with-stdin stop when standard input is closed, as it is when the caller ends
  --help           print this text

Exit status: 0 if the graph and all artifacts are complete, 1 if the deploy would fail, 2 if the rehearsal could not
run. Progress goes to stderr; stdout gets one line of JSON.`;

const { values } = parseArgs({
  options: {
    app: { type: "string", default: "." },
    stage: { type: "string" },
    out: { type: "string" },
    answers: { type: "string" },
    account: { type: "string", default: "111122223333" },
    python: { type: "string" },
    moto: { type: "string", default: "moto_server" },
    timeout: { type: "string", default: "900" },
    keep: { type: "boolean", default: false },
    "end-with-stdin": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  if (values.stage === undefined || values.out === undefined)
    throw new CannotRehearse("--stage and --out are required; see --help");
  const started = performance.now();
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
  process.stderr.on("error", () => undefined); // the reader may have ended: child processes must still be stopped
  if (values["end-with-stdin"]) process.stdin.once("close", () => interrupted.abort()).resume().unref();
  const { graph, artifacts, ok } = await rehearse({
    app: resolve(values.app),
    stage: values.stage,
    out: resolve(values.out),
    account: values.account,
    python: values.python ?? null,
    moto: values.moto,
    answers: values.answers === undefined ? null : resolve(values.answers),
    keep: values.keep,
    env: process.env,
    log,
    signal: AbortSignal.any([interrupted.signal, AbortSignal.timeout(Number(values.timeout) * 1000)]),
  });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  for (const { severity, message, urn, sourcePosition } of graph.diagnostics) {
    if (severity === "info") continue;
    const place = sourcePosition === null ? urn : `${sourcePosition.file}:${sourcePosition.line}`;
    log(`${severity}: ${message}${place === null ? "" : `\n  at ${place}`}`);
  }
  const { app, stage, resources } = graph;
  process.stdout.write(
    `${JSON.stringify({ ok, app, stage, resources: resources.length, artifacts: artifacts.length, seconds })}\n`,
  );
  return ok ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof CannotRehearse)) throw error;
  log(`The rehearsal could not run: ${error.message}`);
  process.exitCode = 2;
}
