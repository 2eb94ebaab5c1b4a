/** What SST and its children see of this machine: nothing that could reach an account, and no ambient Python. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Variables of the caller that would change what is built, or where it goes. */
const WITHHELD =
  /^(AWS|SST|PULUMI|CLOUDFLARE|VERCEL|MOTO)_|^(VIRTUAL_ENV|PYTHONPATH|PYTHONHOME|CONDA_PREFIX|NODE_OPTIONS|NO_BUN)$/;

export interface EnvironmentOptions {
  /** A directory of this rehearsal's own. */
  directory: string;
  account: string;
  /** The Python that uv takes for everything; null leaves it to the app's `.env`, which SST reads, and to uv. */
  python: string | null;
}

export function baseEnvironment(parent: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(parent).filter(([name]) => !WITHHELD.test(name)));
}

/** Enough for `sst install`, which needs no cloud. */
export function sstEnvironment(
  parent: NodeJS.ProcessEnv,
  { directory, account, python }: EnvironmentOptions,
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
    // SST's `uv run` is only there to compile bytecode: it need not install the workspace's own dependencies.
    UV_NO_SYNC: "1",
    ...(python === null ? {} : { UV_PYTHON: python }),
  };
}

/** Puts the engine where SST looks for Pulumi, and this very Node first in the path. */
export function installPrograms(directory: string, engine: string): void {
  const programs = join(directory, "bin");
  const home = join(directory, "config", "sst", "bin");
  mkdirSync(programs, { recursive: true });
  mkdirSync(home, { recursive: true });
  symlinkSync(process.execPath, join(programs, "node"));
  const script = `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${engine}' "$@"\n`;
  // `stack init` does not heed SST_PULUMI_PATH: it takes the program in SST's own folder.
  for (const folder of [programs, home]) writeFileSync(join(folder, "pulumi"), script, { mode: 0o755 });
}
