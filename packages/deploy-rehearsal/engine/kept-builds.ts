/**
 * Keeps what SST builds of Python functions, and answers a request to build the same once more with what is kept.
 *
 * SST's components ask SST for builds by JSON-RPC. This server takes the place of SST's and passes on everything else.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, request, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative } from "node:path";
import { buffer } from "node:stream/consumers";
import { hashOfInputs } from "./build-inputs.ts";

/** Builds of one function that are kept. More than one, so that a change that is undone builds nothing. */
const KEPT = 3;
/** Requirements of a build system are not locked, so a build is made again after a day. */
const MAX_AGE_MS = 24 * 3_600_000;

interface BuildInput {
  functionID: string;
  runtime?: string;
  bundle?: string;
  isContainer?: boolean;
  /** Differs between stages, and is not part of the build. */
  logGroup?: string;
}

interface BuildResult {
  out: string;
  handler: string;
  errors: string[];
  sourcemaps: string[];
}

interface KeptBuild {
  result: Omit<BuildResult, "out">;
  files: string;
  at: number;
}

export interface KeptBuilds {
  /** The address that takes the place of SST's. */
  url: string;
  stop(): void;
}

/** Starts the server. `folder` has the builds, `app` is the working copy of the app. */
export async function keepBuilds(sst: string, app: string, folder: string): Promise<KeptBuilds> {
  let inputs: string | undefined;
  // Without a time limit for idle connections, as SST's server: the program could send on one that is being closed.
  const server = createServer({ keepAliveTimeout: 0 }, (incoming, outgoing) => {
    answer(incoming).then(
      ([status, body]) => outgoing.writeHead(status).end(body),
      (error: unknown) => outgoing.writeHead(502).end(String(error)),
    );
  });

  async function answer(incoming: IncomingMessage): Promise<[status: number, body: Buffer | string]> {
    const body = await buffer(incoming);
    const input = buildInput(body);
    const place = input === null ? null : placeOf(input);
    const kept = place === null ? null : read(place);
    if (kept !== null) return [200, JSON.stringify({ result: kept, error: null })];
    const options = { method: incoming.method ?? "POST", headers: incoming.headers };
    const onward = request(new URL(incoming.url ?? "/", sst), options).end(body);
    const [answered] = (await once(onward, "response")) as [IncomingMessage];
    const text = await buffer(answered);
    return [answered.statusCode ?? 502, place === null ? text : keep(place, text)];
  }

  /** The folder of a build with these inputs. */
  function placeOf({ logGroup: _, ...input }: BuildInput): string {
    inputs ??= createHash("sha256").update(toolsOf(app)).update(hashOfInputs(app)).digest("hex");
    const key = createHash("sha256").update(inputs).update(JSON.stringify(input)).digest("hex").slice(0, 32);
    return join(folder, input.functionID, key);
  }

  return { url: await listen(server), stop: () => server.close() };
}

/** The input of a request to build a Python function to an archive; null for any other request. */
function buildInput(body: Buffer): BuildInput | null {
  const { method, params } = JSON.parse(body.toString()) as { method: string; params: BuildInput[] };
  const [input] = params;
  if (method !== "Runtime.Build" || input === undefined) return null;
  return input.runtime?.startsWith("python") && !input.bundle && input.isContainer !== true ? input : null;
}

/** Other inputs of a build: the path of the working copy, which uv writes into it, and the tools. */
function toolsOf(app: string): string {
  const uv = execFileSync("uv", ["--version"], { encoding: "utf8" });
  const settings = Object.entries(process.env).filter(([name]) => name.startsWith("UV_"));
  return JSON.stringify([app, readFileSync(join(app, ".sst", "platform", "version"), "utf8"), uv, settings.sort()]);
}

function read(place: string): BuildResult | null {
  const record = join(place, "build.json");
  if (!existsSync(record)) return null;
  const { result, files, at } = JSON.parse(readFileSync(record, "utf8")) as KeptBuild;
  const out = join(place, "src");
  // A hook of the app may have changed the files after the build.
  if (Date.now() - at > MAX_AGE_MS || files !== stateOf(out)) return null;
  utimesSync(place, new Date(), new Date());
  return { ...result, out };
}

/** Keeps the build that SST has answered with. Returns the answer, with the place where the files are now. */
function keep(place: string, answer: Buffer): Buffer | string {
  const { result, error } = JSON.parse(answer.toString()) as { result: BuildResult | null; error: string | null };
  if (error || result === null || result.errors.length > 0) return answer;
  const { out, ...rest } = result;
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const kept = join(place, "src");
  move(out, kept);
  const record: KeptBuild = { result: rest, files: stateOf(kept), at: Date.now() };
  writeFileSync(join(place, "build.json"), JSON.stringify(record));
  removeOlder(join(place, ".."));
  return JSON.stringify({ result: { ...rest, out: kept }, error: null });
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  }
}

function removeOlder(folder: string): void {
  const used = readdirSync(folder).map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }));
  for (const { name } of used.sort((a, b) => b.at - a.at).slice(KEPT))
    rmSync(join(folder, name), { recursive: true, force: true });
}

/** A hash of the paths, sizes and times of all files. */
function stateOf(folder: string): string {
  const hash = createHash("sha256");
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const { size, mtimeMs } = statSync(path);
    hash.update(`${relative(folder, path)}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}
