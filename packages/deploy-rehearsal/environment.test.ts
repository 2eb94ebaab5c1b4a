import assert from "node:assert/strict";
import { test } from "node:test";
import { sstEnvironment } from "./environment.ts";

const options = {
  directory: "/tmp/here",
  account: "111122223333",
  kept: { bytecode: "/tmp/bytecode", builds: "/tmp/builds", modules: "/tmp/modules" },
  python: "3.12",
};

test("variables of the caller that reach an account or change the build are removed", () => {
  const env = sstEnvironment(
    {
      PATH: "/bin",
      AWS_PROFILE: "real",
      AWS_SESSION_TOKEN: "real",
      SST_STAGE: "production",
      PULUMI_ACCESS_TOKEN: "real",
      VIRTUAL_ENV: "/venv",
      OWN: "kept",
    },
    options,
  );
  assert.ok(!JSON.stringify(env).includes("real"));
  for (const name of ["AWS_PROFILE", "AWS_SESSION_TOKEN", "SST_STAGE", "PULUMI_ACCESS_TOKEN", "VIRTUAL_ENV"])
    assert.ok(!(name in env), name);
  assert.equal(env["OWN"], "kept");
  assert.equal(env["AWS_CONFIG_FILE"], "/dev/null");
  assert.equal(env["UV_PYTHON"], "3.12");
  assert.match(env["PATH"] ?? "", /^\/tmp\/here\/bin:/);
});

test("local addresses bypass a proxy", () => {
  assert.equal(sstEnvironment({ NO_PROXY: "internal" }, options)["NO_PROXY"], "internal,127.0.0.1,localhost");
});
