/**
 * Takes the place of the package `archiver` in the program of the app, and makes its archives with that package.
 *
 * An archive of the files of a kept build is kept with them, and is used again while none of them has changed.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, sep } from "node:path";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";

interface Archiver {
  on(event: string, listener: (error: Error) => void): unknown;
  pipe(destination: Writable): unknown;
  file(path: string, data: { name: string }): unknown;
  append(content: string, data: { name: string }): unknown;
  finalize(): Promise<void>;
}

type MakeArchiver = (format: string, options: object) => Archiver;

let real: MakeArchiver;
const builds = process.env["REHEARSAL_BUILDS"] ?? "";

/** Records the calls, and finds or makes the archive at the end. */
class KeptArchiver implements Archiver {
  private readonly calls: ((archiver: Archiver) => unknown)[] = [];
  private readonly paths = new Map<string, object>();
  private destination: Writable | undefined;
  private appended = false;
  private readonly format: string;
  private readonly options: object;

  constructor(format: string, options: object) {
    this.format = format;
    this.options = options;
  }

  on(event: string, listener: (error: Error) => void): void {
    this.calls.push((archiver) => archiver.on(event, listener));
  }

  pipe(destination: Writable): void {
    this.destination = destination;
    this.calls.push((archiver) => archiver.pipe(destination));
  }

  file(path: string, data: { name: string }): void {
    this.paths.set(path, data);
    this.calls.push((archiver) => archiver.file(path, data));
  }

  append(content: string, data: { name: string }): void {
    this.appended = true;
    this.calls.push((archiver) => archiver.append(content, data));
  }

  async finalize(): Promise<void> {
    const kept = this.place();
    if (kept !== null && existsSync(kept)) {
      this.destination?.end(readFileSync(kept));
      return;
    }
    const archiver = real(this.format, this.options);
    for (const call of this.calls) call(archiver);
    if (kept === null) {
      await archiver.finalize();
      return;
    }
    const part = createWriteStream(`${kept}.part`);
    const written = once(part, "close");
    archiver.pipe(part);
    await archiver.finalize();
    await written;
    renameSync(`${kept}.part`, kept);
  }

  /** The file that keeps this archive; null if it has no files of a kept build. */
  private place(): string | null {
    const first = [...this.paths.keys()].find((path) => path.startsWith(builds + sep));
    if (this.appended || builds === "" || first === undefined) return null;
    const build = join(builds, ...relative(builds, first).split(sep).slice(0, 2));
    const hash = createHash("sha256").update(JSON.stringify([this.format, this.options]));
    for (const [path, data] of this.paths) {
      const found = statSync(path);
      hash.update(JSON.stringify([path, data, found.mode]));
      // A file beside the build, such as one of `copyFiles`, is copied in each rehearsal.
      if (path.startsWith(build + sep)) hash.update(JSON.stringify([found.size, found.mtimeMs]));
      else if (found.isFile()) hash.update(readFileSync(path));
    }
    return join(build, `${hash.digest("hex").slice(0, 32)}.${this.format}`);
  }
}

/** Sets the package that makes the archives, by the URL of its module. */
export function makeWith(url: string): void {
  real = createRequire(url)(fileURLToPath(url)) as MakeArchiver;
}

export default function archiver(format: string, options: object): Archiver {
  return new KeptArchiver(format, options);
}
