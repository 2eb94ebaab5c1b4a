import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommand } from "./command-line.ts";

const stack = { app: "app", stage: "dev" };

test("the commands of a deploy and of a diff are parsed", () => {
  assert.deepEqual(parseCommand(["stack", "init", "organization/app/dev"]), { kind: "init", stack });
  const flags = [
    "--stack",
    "organization/app/dev",
    "--non-interactive",
    "--event-log",
    "log.json",
    "--config",
    "aws:region=eu-west-1",
  ];
  const config = { "aws:region": "eu-west-1" };
  assert.deepEqual(parseCommand(["up", "--yes", "-f", ...flags]), {
    kind: "run",
    stack,
    dryRun: false,
    eventLog: "log.json",
    config,
  });
  assert.deepEqual(parseCommand(["preview", ...flags]), {
    kind: "run",
    stack,
    dryRun: true,
    eventLog: "log.json",
    config,
  });
});

test("the value of a setting may contain an equals sign", () => {
  const command = parseCommand([
    "up",
    "--stack",
    "o/app/dev",
    "--event-log",
    "l",
    "--config",
    'aws:defaultTags={"tags":{"a":"b=c"}}',
  ]);
  assert.ok(command.kind === "run");
  assert.deepEqual(command.config, { "aws:defaultTags": '{"tags":{"a":"b=c"}}' });
});

test("an unsupported command is refused by name", () => {
  assert.throws(() => parseCommand(["destroy", "--yes"]), /pulumi destroy --yes/);
  assert.throws(() => parseCommand(["up", "--target", "urn"]), /--target/);
});
