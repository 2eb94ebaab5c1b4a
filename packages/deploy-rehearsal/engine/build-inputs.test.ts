import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { hashOfInputs } from "./build-inputs.ts";

const root = mkdtempSync(join(tmpdir(), "build-inputs-"));
after(() => rmSync(root, { recursive: true }));

const APP = {
  "sst.config.ts": "1",
  "infra/api.ts": "1",
  "infra/wiring.json": "1",
  "pyproject.toml": "1",
  "uv.lock": "1",
  "functions/handler.py": "1",
  "functions/prompts/triage.txt": "1",
  "functions/widget/site.ts": "1",
  "docs/page.md": "1",
  "schemas/model.json": "1",
};

let apps = 0;
function hash(changes: Record<string, string> = {}): string {
  const app = join(root, String((apps += 1)));
  for (const [name, content] of Object.entries({ ...APP, ...changes })) {
    mkdirSync(dirname(join(app, name)), { recursive: true });
    writeFileSync(join(app, name), content);
  }
  return hashOfInputs(app);
}

const unchanged = hash();

for (const name of ["pyproject.toml", "uv.lock", "functions/handler.py", "functions/prompts/triage.txt"])
  test(`${name} may be part of a build`, () => assert.notEqual(hash({ [name]: "2" }), unchanged));

test("TypeScript in a folder with Python may be part of a build", () => {
  assert.notEqual(hash({ "functions/widget/site.ts": "2" }), unchanged);
});

test("a new file may be part of a build", () => {
  assert.notEqual(hash({ "functions/new.py": "" }), unchanged);
});

for (const name of ["sst.config.ts", "infra/api.ts", "infra/wiring.json", "docs/page.md", ".sst/platform/version"])
  test(`${name} is no part of a build`, () => assert.equal(hash({ [name]: "2" }), unchanged));

test("a folder that the configuration of a build names may be part of it", () => {
  const named = { "pyproject.toml": 'force-include = { "schemas" = "schemas" }' };
  assert.notEqual(hash({ ...named, "schemas/model.json": "2" }), hash(named));
});

test("all files may be part of a build if modules are beside sst.config.ts", () => {
  const module = { "handler.py": "" };
  assert.notEqual(hash({ ...module, "infra/api.ts": "2" }), hash(module));
});
