import assert from "node:assert/strict";
import { test } from "node:test";
import { positionInText, sourcePosition } from "./source-position.ts";

const sources = { appDirectory: "/app", addedLines: 3 };

test("the position is the innermost frame in the app's files, without the lines that SST adds", () => {
  const frame = (uri: string, line: number) => ({ uri, line, column: 7 });
  const frames = [
    frame("file:///app/.sst/platform/src/components/queue.ts", 90),
    frame("file:///elsewhere/node_modules/@pulumi/pulumi/resource.js", 80),
    frame("file:///app/.sst/pulumi/id/file:/app/infra/queue.ts", 13),
    frame("file:///app/sst.config.ts", 20),
  ];
  assert.deepEqual(sourcePosition(frames, sources), { file: "infra/queue.ts", line: 10, column: 7, exact: true });
  assert.equal(sourcePosition(frames.slice(0, 2), sources), null);
});

test("the position of an error is the first frame in the app's files", () => {
  const stack = `Error: on purpose
    at run (file:///app/.sst/platform/src/auto/run.ts:21:20)
    at infra/queue.ts (file:///app/infra/queue.ts:15:7)
    at eval.ts (file:///app/eval.ts:4:22)`;
  assert.deepEqual(positionInText(stack, sources), { file: "infra/queue.ts", line: 12, column: 7, exact: true });
  assert.equal(positionInText("Error: nowhere", sources), null);
});
