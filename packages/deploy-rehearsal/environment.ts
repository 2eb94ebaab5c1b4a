/** The environment of SST and its children: no credentials of an account, and no activated Python environment. */
import { mkdirSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Variables of the caller that would change the build or its target. */
const WITHHELD =
  /^(AWS|SST|PULUMI|CLOUDFLARE|VERCEL|MOTO)_|^(VIRTUAL_ENV|PYTHONPATH|PYTHONHOME|CONDA_PREFIX|NODE_OPTIONS|NO_BUN)$/;

const UNUSED_MS = 14 * 24 * 3_600_000;

export interface Kept {
  bytecode: string;
  builds: string;
  /** The modules that Node has compiled. */
  modules: string;
}

export interface EnvironmentOptions {
  /** The directory of this rehearsal. */
  directory: string;
  account: string;
  /** Folders that all rehearsals of the app share. */
  kept: Kept;
  /** The Python that uv uses; null for that of the app's `.env`, which SST reads, or uv's choice. */
  python: string | null;
}

export function baseEnvironment(parent: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(parent).filter(([name]) => !WITHHELD.test(name)));
}

/** The environment of `sst`. `sst install` needs nothing more, because it uses no cloud. */
export function sstEnvironment(
  parent: NodeJS.ProcessEnv,
  { directory, account, kept, python }: EnvironmentOptions,
): NodeJS.ProcessEnv {
  const programs = join(directory, "bin");
  const local = [parent["NO_PROXY"] ?? parent["no_proxy"], "127.0.0.1", "localhost"].filter(Boolean).join(",");
  return {
    ...baseEnvironment(parent),
    PATH: [programs, parent["PATH"] ?? ""].join(delimiter),
    NO_PROXY: local,
    no_proxy: local,
    XDG_CONFIG_HOME: join(directory, "config"),
    SST_SKIP_DEPENDENCY_CHECK: "true",
    SST_NO_BUN: "true",
    SST_TELEMETRY_DISABLED: "1",
    SST_PULUMI_PATH: join(programs, "pulumi"),
    AWS_ACCESS_KEY_ID: "rehearsal",
    AWS_SECRET_ACCESS_KEY: "rehearsal",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    SST_AWS_NO_PROFILE: "1",
    REHEARSAL_ACCOUNT: account,
    // SST uses `uv run` only to compile bytecode, so the dependencies of the workspace need not be installed.
    UV_NO_SYNC: "1",
    PYTHONPATH: join(import.meta.dirname, "python"),
    REHEARSAL_BYTECODE: kept.bytecode,
    REHEARSAL_BUILDS: kept.builds,
    NODE_COMPILE_CACHE: kept.modules,
    ...(python === null ? {} : { UV_PYTHON: python }),
  };
}

/** The folders of what is kept, without bytecode that no rehearsal has used for two weeks. */
export function keptOf(app: string): Kept {
  const folder = join(realpathSync(app), ".sst", "rehearsal");
  const kept = { bytecode: join(folder, "bytecode"), builds: join(folder, "builds"), modules: join(folder, "modules") };
  for (const path of Object.values(kept)) mkdirSync(path, { recursive: true });
  for (const name of readdirSync(kept.bytecode)) {
    const path = join(kept.bytecode, name);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Infinity };
    if (Date.now() - mtimeMs > UNUSED_MS) rmSync(path, { force: true });
  }
  return kept;
}

/** Installs the engine where SST looks for Pulumi, and puts the running Node first on the PATH. */
export function installPrograms(directory: string, engine: string): void {
  const programs = join(directory, "bin");
  const home = join(directory, "config", "sst", "bin");
  mkdirSync(programs, { recursive: true });
  mkdirSync(home, { recursive: true });
  symlinkSync(process.execPath, join(programs, "node"));
  const script = `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${engine}' "$@"\n`;
  // `stack init` ignores SST_PULUMI_PATH and uses the program in SST's folder.
  for (const folder of [programs, home]) writeFileSync(join(folder, "pulumi"), script, { mode: 0o755 });
}
