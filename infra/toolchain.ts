/** What `npx sst deploy` needs of the machine, which SST itself misses late and without a reason. */

import { spawnSync } from "node:child_process";

const NODE = 22; // major version

/** What is missing, and the mend. */
export function missingTool(): string | undefined {
  if (Number.parseInt(process.versions.node) < NODE) {
    return `Node ${NODE} or newer is needed; this is ${process.versions.node}. ./scripts/setup-env.sh has one: .venv/bin/node.`;
  }
  if (spawnSync("uv", ["--version"]).status !== 0) {
    return 'No working "uv" on the PATH: it builds the functions. Run ./scripts/setup-env.sh, then PATH="$PWD/.tools/bin:$PATH".';
  }
  if (!process.env.UV_PYTHON) {
    return "UV_PYTHON is not set, so uv would build for whatever Python it finds. It is in .env: restore that.";
  }
  return undefined;
}
