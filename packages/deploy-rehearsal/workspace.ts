/**
 * The working copy of a rehearsal: the app stays unchanged, and rehearsals can run side by side.
 *
 * The copy has the files that git tracks, and new ones that it does not ignore. Installed packages are shared.
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

/** Folders that are installed or generated. */
const GENERATED = /(^|\/)(\.git|\.sst|\.venv|node_modules|__pycache__)(\/|$)/;
/** Files that may have credentials. They are skipped where no git repository lists the app's files. */
const CREDENTIALS = /(^|\/)\.env(\.[^/]*)?$/;
const LOCK_WAIT_MS = 200;
/** Errors of npm and SST without a network. They are no error of the app. */
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONN(REFUSED|RESET)|ETIMEDOUT|dial tcp|i\/o timeout/;

export interface Sst {
  /** The script of the command line, for Node. */
  script: string;
  version: string;
  /** The `node_modules` folder that contains it. */
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
    if (folder === dirname(folder)) throw new CannotRehearse(`sst is not installed for ${app}: run npm ci there`);
  }
}

export interface Installation {
  app: string;
  stage: string;
  sst: Sst;
  env: NodeJS.ProcessEnv;
  log: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Runs `sst install` in the app if its platform is missing or older than its configuration. Returns the output of SST
 * if it refused the configuration and there is no older platform to use; otherwise null.
 */
export async function installPlatform({ app, stage, sst, env, log, signal }: Installation): Promise<Outcome | null> {
  const folder = join(app, ".sst");
  const packages = join(folder, "platform", "node_modules");
  const stamp = join(folder, "rehearsal-installed");
  const current = configuration(app, sst);
  const installed = (): boolean => existsSync(packages) && existsSync(stamp) && readFileSync(stamp, "utf8") === current;
  if (installed()) return null;
  mkdirSync(folder, { recursive: true });
  const release = await lock(join(folder, "rehearsal-lock"));
  try {
    if (installed()) return null;
    log("Installing SST's platform and its providers");
    const outcome = await run({
      command: process.execPath,
      args: [sst.script, "install", "--stage", stage, "--print-logs"],
      cwd: app,
      env,
      ...(signal === undefined ? {} : { signal }),
    });
    if (outcome.code === 0) writeFileSync(stamp, current);
    const output = outcome.output.filter((line) => !line.includes("level=INFO")).join("\n");
    if (signal?.aborted === true || (outcome.code !== 0 && NO_NETWORK.test(output)))
      throw new CannotRehearse(`sst install failed:\n${output}`);
    // With an older platform the deploy itself reports the error in the configuration, with a better message.
    return outcome.code === 0 || existsSync(packages) ? null : outcome;
  } finally {
    release();
  }
}

/** A hash of the files beside sst.config.ts, which may configure the providers. */
function configuration(app: string, sst: Sst): string {
  const hash = createHash("sha256").update(sst.version);
  for (const name of readdirSync(app).sort()) {
    if (/\.([cm]?[jt]s|json)$/.test(name)) hash.update(name).update(readFileSync(join(app, name)));
  }
  return hash.digest("hex");
}

/**
 * The directory of one rehearsal. Its path is the same in every rehearsal of an app, because uv writes it into the
 * artifacts. Only rehearsals that run at the same time get different paths.
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

/** Copies the app. `to` must be a real path, or SST's source maps would not lead to it. */
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
  return !GENERATED.test(path) && !CREDENTIALS.test(path);
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
    return files.includes("sst.config.ts") ? files.filter((file) => !GENERATED.test(file)) : null;
  } catch {
    return null;
  }
}

/** Waits for the lock of another rehearsal, and takes it over if that process has died. */
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
