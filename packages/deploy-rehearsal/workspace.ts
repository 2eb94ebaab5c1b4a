/**
 * A copy of the app to rehearse in, so that nothing of the app is changed and two rehearsals do not meet.
 *
 * Copied is what git would: tracked files, and new ones that are not ignored. The installed packages are shared.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CannotRehearse } from "./errors.ts";
import { run, type Outcome } from "./processes.ts";

/** What is installed or made anew; and, where git does not say what belongs to the app, what may hold credentials. */
const MADE = /(^|\/)(\.git|\.sst|\.venv|node_modules|__pycache__)(\/|$)/;
const CREDENTIALS = /(^|\/)\.env(\.[^/]*)?$/;
const LOCK_WAIT_MS = 200;
/** What npm and SST say when they cannot reach what they need: no fault of the app. */
const OUT_OF_REACH = /ENOTFOUND|EAI_AGAIN|ECONN(REFUSED|RESET)|ETIMEDOUT|dial tcp|i\/o timeout/;

export interface Sst {
  /** The command line's script, to be run by Node. */
  script: string;
  version: string;
  /** The folder of packages in which it lies. */
  modules: string;
}

/** The nearest `node_modules` that has SST, as Node would find it. */
export function findSst(app: string): Sst {
  for (let folder = app; ; folder = dirname(folder)) {
    const modules = join(folder, "node_modules");
    const file = join(modules, "sst", "package.json");
    if (existsSync(file)) {
      const { version, bin } = JSON.parse(readFileSync(file, "utf8")) as {
        version: string;
        bin: Record<string, string>;
      };
      return { script: join(dirname(file), bin["sst"] ?? ""), version, modules };
    }
    if (folder === dirname(folder)) throw new CannotRehearse(`sst is not installed for ${app}: run npm ci there first`);
  }
}

export interface Installation {
  app: string;
  stage: string;
  sst: Sst;
  env: NodeJS.ProcessEnv;
  say: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Runs `sst install` in the app itself when its platform is missing or older than its configuration. Gives what SST
 * said where it refused the configuration, and there is no platform to go on with; else null.
 */
export async function installPlatform({ app, stage, sst, env, say, signal }: Installation): Promise<Outcome | null> {
  const folder = join(app, ".sst");
  const packages = join(folder, "platform", "node_modules");
  const stamp = join(folder, "rehearsal-installed");
  const wanted = configuration(app, sst);
  const installed = (): boolean => existsSync(packages) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (installed()) return null;
  mkdirSync(folder, { recursive: true });
  const release = await lock(join(folder, "rehearsal-lock"));
  try {
    if (installed()) return null;
    say("Installing SST's platform and its providers");
    const outcome = await run({
      command: process.execPath,
      args: [sst.script, "install", "--stage", stage, "--print-logs"],
      cwd: app,
      env,
      ...(signal === undefined ? {} : { signal }),
    });
    if (outcome.code === 0) writeFileSync(stamp, wanted);
    const told = outcome.output.filter((line) => !line.includes("level=INFO")).join("\n");
    if (signal?.aborted === true || (outcome.code !== 0 && OUT_OF_REACH.test(told)))
      throw new CannotRehearse(`sst install failed:\n${told}`);
    // With an older platform the deploy itself fails of what is wrong with the configuration, and tells it better.
    return outcome.code === 0 || existsSync(packages) ? null : outcome;
  } finally {
    release();
  }
}

/** What may say which providers there are: the files beside sst.config.ts. */
function configuration(app: string, sst: Sst): string {
  const hash = createHash("sha256").update(sst.version);
  for (const name of readdirSync(app).sort()) {
    if (/\.([cm]?[jt]s|json)$/.test(name)) hash.update(name).update(readFileSync(join(app, name)));
  }
  return hash.digest("hex");
}

/**
 * A directory for one rehearsal. Its path is the same from one rehearsal of an app to the next, since uv writes it into
 * the artifacts; only a rehearsal that runs beside another gets a path of its own.
 */
export function claimDirectory(app: string): string {
  const name = createHash("sha256").update(realpathSync(app)).digest("hex").slice(0, 12);
  for (let slot = 1; ; slot += 1) {
    const directory = join(realpathSync(tmpdir()), `rehearsal-${name}-${slot}`);
    const owner = join(directory, "owner");
    try {
      mkdirSync(directory);
      writeFileSync(owner, String(process.pid));
      return directory;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (alive(owner)) continue;
      rmSync(directory, { recursive: true, force: true });
      slot -= 1;
    }
  }
}

/** Makes the copy. `to` must be a real path, or SST's own source maps would not lead back to it. */
export function copyApp(app: string, to: string, modules: string): void {
  mkdirSync(to, { recursive: true });
  const files = tracked(app);
  if (files === null) cpSync(app, to, { recursive: true, filter: (path) => belongs(relative(app, path)) });
  for (const file of files ?? []) {
    const from = join(app, file);
    if (lstatSync(from, { throwIfNoEntry: false }) === undefined) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(from, join(to, file), { recursive: true, verbatimSymlinks: true });
  }
  symlinkSync(realpathSync(modules), join(to, "node_modules"));
  const [from, platform] = [join(app, ".sst"), join(to, ".sst", "platform")];
  cpSync(join(from, "platform"), platform, {
    recursive: true,
    filter: (path) => path !== join(from, "platform", "node_modules"),
  });
  symlinkSync(realpathSync(join(from, "platform", "node_modules")), join(platform, "node_modules"));
  cpSync(join(from, "provider-lock.json"), join(to, ".sst", "provider-lock.json"));
}

function belongs(path: string): boolean {
  return !MADE.test(path) && !CREDENTIALS.test(path);
}

function tracked(app: string): string[] | null {
  try {
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: app,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: 1 << 28,
    });
    const files = listed.split("\0").filter(Boolean);
    return files.includes("sst.config.ts") ? files.filter((file) => !MADE.test(file)) : null;
  } catch {
    return null;
  }
}

/** Waits for another rehearsal that installs; takes over from one that died. */
async function lock(file: string): Promise<() => void> {
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (!alive(file)) rmSync(file, { force: true });
      else await sleep(LOCK_WAIT_MS);
    }
  }
}

function alive(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return true;
  } catch {
    return false;
  }
}
