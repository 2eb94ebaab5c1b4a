/** Tools that `npx sst deploy` needs on the machine. Without them SST fails late and without a reason. */

import { spawnSync } from "node:child_process";

const NODE = 22; // major version

/** The first missing tool, with the fix; undefined when all are present. */
export function missingTool(): string | undefined {
  if (Number.parseInt(process.versions.node) < NODE) {
    return `Node ${NODE} or newer is required; this is ${process.versions.node}. ./scripts/setup-env.sh installs one: .venv/bin/node.`;
  }
  if (spawnSync("uv", ["--version"]).status !== 0) {
    return 'No working "uv" on the PATH: it builds the functions. Run ./scripts/setup-env.sh, then PATH="$PWD/.tools/bin:$PATH".';
  }
  if (!process.env.UV_PYTHON) {
    return "UV_PYTHON is not set, so uv would build for any Python that it finds. It belongs in .env: restore that file.";
  }
  return undefined;
}
