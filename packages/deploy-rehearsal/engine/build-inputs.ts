/** The files of an app that the build of a Python function may read. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync, type Dirent } from "node:fs";
import { join } from "node:path";

const INSTALLED = new Set([".sst", "node_modules"]);
const PYTHON = /\.py$|^pyproject\.toml$/;
const TYPESCRIPT = /\.[cm]?[jt]sx?$/;
/** Files that configure a build, and so may name a folder that it packages. */
const CONFIGURATION = /\.(py|toml|cfg|in)$/;

/**
 * A hash of the names and contents of these files. It leaves out what only the program of the deploy reads: folders
 * of the app without Python that no configuration of a build names, and TypeScript beside `sst.config.ts`.
 */
export function hashOfInputs(app: string): string {
  const hash = createHash("sha256");
  const entries = sorted(app);
  const files = entries.filter((entry) => !entry.isDirectory());
  const python = files.some(({ name }) => name.endsWith(".py"));
  const configuration = files
    .filter(({ name }) => CONFIGURATION.test(name))
    .map(({ name }) => readFileSync(join(app, name), "utf8"))
    .join("\n");
  for (const entry of entries) {
    if (INSTALLED.has(entry.name)) continue;
    const counts = entry.isDirectory()
      ? python || configuration.includes(entry.name) || hasPython(join(app, entry.name))
      : python || !TYPESCRIPT.test(entry.name);
    if (counts) add(app, entry.name, entry);
  }
  return hash.digest("hex");

  function add(folder: string, name: string, entry: Dirent): void {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      for (const child of sorted(path)) add(path, `${name}/${child.name}`, child);
      return;
    }
    const content = entry.isSymbolicLink() ? readlinkSync(path) : readFileSync(path);
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
}

function sorted(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function hasPython(folder: string): boolean {
  return sorted(folder).some((entry) =>
    entry.isDirectory() ? hasPython(join(folder, entry.name)) : PYTHON.test(entry.name),
  );
}
