/** Builds by a stand-in for SST's server, which writes one file for each function. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { keepBuilds } from "./kept-builds.ts";

const root = mkdtempSync(join(tmpdir(), "kept-builds-"));
const app = join(root, "app");
const folder = join(root, "builds");
const input = { functionID: "Api", handler: "api.handler", runtime: "python3.12", links: {}, logGroup: "/dev" };
let asked: string[] = [];
let errors: string[] = [];

const sst = createServer((incoming, outgoing) => {
  let body = "";
  incoming.on("data", (chunk: Buffer) => (body += chunk.toString()));
  incoming.on("end", () => {
    const { method, params } = JSON.parse(body) as { method: string; params: [typeof input] };
    asked.push(method);
    const out = join(app, ".sst", "artifacts", `${params[0].functionID}-src`);
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, "api.py"), readFileSync(join(app, "api.py")));
    outgoing.end(JSON.stringify({ result: { out, handler: "api.handler", errors, sourcemaps: [] }, error: null }));
  });
});

before(() => new Promise<void>((resolve) => sst.listen(0, "127.0.0.1", resolve)));
after(() => {
  sst.close();
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  [asked, errors] = [[], []];
  rmSync(root, { recursive: true });
  mkdirSync(join(app, ".sst", "platform"), { recursive: true });
  mkdirSync(folder);
  writeFileSync(join(app, ".sst", "platform", "version"), "4.17.1");
  writeFileSync(join(app, "api.py"), "1");
});

interface Answer {
  result: { out: string; handler: string; errors: string[] };
}

/** The answer to one request of a rehearsal. */
async function call(params: object = input, method = "Runtime.Build"): Promise<Answer> {
  const builds = await keepBuilds(`http://127.0.0.1:${(sst.address() as AddressInfo).port}`, app, folder);
  try {
    const body = JSON.stringify({ jsonrpc: "1.0", method, params: [params] });
    const answer = await fetch(`${builds.url}/rpc`, { method: "POST", body });
    assert.equal(answer.headers.get("keep-alive"), null); // no idle connection is closed under a request
    return (await answer.json()) as Answer;
  } finally {
    builds.stop();
  }
}

function builtFile({ result }: Answer): string {
  return readFileSync(join(result.out, "api.py"), "utf8");
}

test("what did not change is built once, for all stages", async () => {
  const first = await call();
  assert.equal(builtFile(first), "1");
  assert.deepEqual(await call({ ...input, logGroup: "/production" }), first);
  assert.deepEqual(asked, ["Runtime.Build"]);
});

test("another input, another file or another tool is built", async () => {
  await call();
  await call({ ...input, links: { Bucket: {} } });
  writeFileSync(join(app, "api.py"), "2");
  assert.equal(builtFile(await call()), "2");
  writeFileSync(join(app, ".sst", "platform", "version"), "4.18.0");
  await call();
  assert.equal(asked.length, 4);
});

test("a build is made again if its files were changed since, or after a day", async () => {
  const { result } = await call();
  writeFileSync(join(result.out, "added.py"), "");
  await call();
  assert.equal(asked.length, 2);
  const [key = ""] = readdirSync(join(folder, "Api"));
  const record = join(folder, "Api", key, "build.json");
  const kept = JSON.parse(readFileSync(record, "utf8")) as { at: number };
  writeFileSync(record, JSON.stringify({ ...kept, at: kept.at - 25 * 3_600_000 }));
  await call();
  assert.equal(asked.length, 3);
});

test("a failed build is not kept", async () => {
  errors = ["no module"];
  assert.deepEqual((await call()).result.errors, ["no module"]);
  errors = [];
  assert.deepEqual((await call()).result.errors, []);
  assert.ok(!existsSync(join(app, ".sst", "artifacts", "Api-src")));
});

for (const other of [{ runtime: "nodejs24.x" }, { bundle: "dist" }, { isContainer: true }])
  test(`SST answers for ${JSON.stringify(other)}`, async () => {
    await call({ ...input, ...other });
    await call({ ...input, ...other });
    assert.equal(asked.length, 2);
  });

test("SST answers all other requests", async () => {
  await call({}, "Resource.Aws.Create");
  assert.deepEqual(asked, ["Resource.Aws.Create"]);
});

test("only the builds that were used last are kept", async () => {
  for (const content of ["1", "2", "3", "4"]) {
    writeFileSync(join(app, "api.py"), content);
    const { result } = await call();
    utimesSync(join(result.out, ".."), Number(content), Number(content));
  }
  assert.equal(readdirSync(join(folder, "Api")).length, 3);
  writeFileSync(join(app, "api.py"), "1");
  await call();
  assert.equal(asked.length, 5);
});
