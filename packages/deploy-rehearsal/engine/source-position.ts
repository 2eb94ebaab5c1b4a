/** The line of the app's files that creates a resource. */
import { readFileSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourcePosition } from "../graph.ts";

export interface Frame {
  uri: string;
  line: number;
  column: number;
}

export interface Sources {
  appDirectory: string;
  /** Number of lines that SST's bundle has in front of each file. */
  addedLines: number;
}

/** The innermost frame in a file of the app, not in SST's platform or a package. */
export function sourcePosition(frames: Frame[], sources: Sources): SourcePosition | null {
  for (const { uri, line, column } of frames) {
    // A frame of an ES module is a URL. Pulumi treats it as a path and turns it into a URL once more.
    const path = uri.startsWith("file://") ? fileURLToPath(uri).replace(/^.*\/file:(\/\/)?(?=\/)/, "") : uri;
    const file = relative(sources.appDirectory, path);
    if (isOwn(file)) return { file, line: Math.max(1, line - sources.addedLines), column, exact: true };
  }
  return null;
}

/** The first frame in a file of the app in the stack of an error. */
export function positionInText(text: string, sources: Sources): SourcePosition | null {
  const frames = [...text.matchAll(/(?:file:\/\/)?(\/[^\s():]+):(\d+):(\d+)/g)];
  return sourcePosition(
    frames.map(([, uri = "", line, column]) => ({ uri, line: Number(line), column: Number(column) })),
    sources,
  );
}

function isOwn(file: string): boolean {
  return file !== "" && !isAbsolute(file) && !/^\.\.|(^|\/)(\.sst|node_modules)\//.test(file) && file !== "eval.ts";
}

/** SST adds an import for each provider, and one for its components, in front of every file that it bundles. */
export function linesAddedBySst(appDirectory: string): number {
  const lock = JSON.parse(readFileSync(join(appDirectory, ".sst", "provider-lock.json"), "utf8")) as unknown[];
  return lock.length + 1;
}
