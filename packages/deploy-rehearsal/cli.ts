/** The command: `node packages/deploy-rehearsal/cli.ts --help`. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { CannotRehearse } from "./errors.ts";
import { rehearse } from "./rehearse.ts";

const HELP = `Rehearses a deploy of an SST app: the real "sst deploy", with no account behind it.

  node packages/deploy-rehearsal/cli.ts --stage STAGE --out DIR [options]

  --app DIR        the app, with its sst.config.ts (default: here)
  --stage STAGE    the stage to rehearse
  --out DIR        takes graph.json, artifacts.json, artifacts/NAME/code.zip and SST's logs
  --answers FILE   JSON of what only the cloud knows: {"invokes": {TOKEN: {...}}, "resources": {TYPE: {...}},
                   "secrets": {NAME: PLACEHOLDER}}
  --account ID     the account to pretend (default: 111122223333)
  --python VERSION the Python that uv takes (default: as in a deploy, UV_PYTHON of .env or uv's own choice)
  --moto PROGRAM   moto's server (default: moto_server, from the path)
  --timeout SEC    give up after so many seconds (default: 900)
  --keep           leave the working copy behind, to look into
  --end-with-stdin stop when standard input ends: however the caller ended, it closes that
  --help           this text

Exit status: 0 when the whole graph and every artifact came out, 1 when the app would not deploy, 2 when the
rehearsal could not be held. Progress goes to stderr; stdout gets one line of JSON.`;

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

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  if (values.stage === undefined || values.out === undefined)
    throw new CannotRehearse("--stage and --out are needed; see --help");
  const started = performance.now();
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
  process.stderr.on("error", () => undefined); // whoever read it may be gone: what was started is ended all the same
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
    say,
    signal: AbortSignal.any([interrupted.signal, AbortSignal.timeout(Number(values.timeout) * 1000)]),
  });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  for (const { severity, message, urn, sourcePosition } of graph.diagnostics) {
    if (severity === "info") continue;
    const place = sourcePosition === null ? urn : `${sourcePosition.file}:${sourcePosition.line}`;
    say(`${severity}: ${message}${place === null ? "" : `\n  at ${place}`}`);
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
  say(`The rehearsal could not be held: ${error.message}`);
  process.exitCode = 2;
}
