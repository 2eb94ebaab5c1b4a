/** Archives by a stand-in for the package `archiver`, which writes the names of the files. */
import assert from "node:assert/strict";
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { once } from "node:events";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

const root = mkdtempSync(join(tmpdir(), "kept-archiver-"));
const build = join(root, "builds", "Api", "0a");
after(() => rmSync(root, { recursive: true }));

writeFileSync(
  join(root, "archiver.cjs"),
  `let made = 0;
  module.exports = () => {
    const [names, destinations] = [[], []];
    return {
      on() {},
      pipe: (to) => destinations.push(to),
      file: (_, { name }) => names.push(name),
      append: (content, { name }) => names.push(name + content),
      finalize: async () => {
        made += 1;
        for (const to of destinations) to.end("made " + made + " " + names);
      },
    };
  };`,
);
process.env["REHEARSAL_BUILDS"] = join(root, "builds");
const { default: archiver, makeWith } = await import("./kept-archiver.ts");
makeWith(pathToFileURL(join(root, "archiver.cjs")).href);

function file(name: string, content: string): string {
  mkdirSync(dirname(name), { recursive: true });
  writeFileSync(name, content);
  return name;
}

async function archive(paths: string[], appended?: string): Promise<string> {
  const to = join(root, "code.zip");
  const archive = archiver("zip", {});
  const stream = createWriteStream(to);
  archive.pipe(stream);
  for (const path of paths) archive.file(path, { name: path.slice(root.length + 1) });
  if (appended !== undefined) archive.append(appended, { name: "wrapper" });
  const closed = once(stream, "close");
  await archive.finalize();
  await closed;
  return readFileSync(to, "utf8");
}

test("the archive of a kept build is made once", async () => {
  const files = [file(join(build, "src", "api.py"), "1"), file(join(root, "app", "001.sql"), "1")];
  const first = await archive(files);
  assert.match(first, /^made 1 builds\/Api\/0a\/src\/api\.py,app\/001\.sql$/);
  file(join(root, "app", "001.sql"), "1"); // copied once more
  assert.equal(await archive(files), first);
});

test("another file makes another archive", async () => {
  const source = file(join(build, "src", "api.py"), "22");
  const copied = file(join(root, "app", "001.sql"), "1");
  const first = await archive([source, copied]);
  file(copied, "2");
  const second = await archive([source, copied]);
  assert.notEqual(second, first);
  file(source, "333");
  assert.notEqual(await archive([source, copied]), second);
  assert.notEqual(await archive([source]), await archive([source, copied]));
});

test("other archives are always made", async () => {
  const bundle = file(join(root, "app", "index.mjs"), "1");
  assert.notEqual(await archive([bundle]), await archive([bundle]));
  const source = file(join(build, "src", "api.py"), "1");
  assert.notEqual(await archive([source], "code"), await archive([source], "code"));
  assert.ok(!existsSync(join(root, "app", "code.zip")));
});
