import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

const PROGRAM = `
  const { start, watchOver } = await import(process.argv[1]);
  watchOver("/dev/null");
  const env = process.env;
  const { child } = start({ command: "sh", args: ["-c", "echo up; exec sleep 600"], cwd: "/", env, onLine: () => console.log(child.pid) });
`;

test("a started program ends with its parent, even after kill -9", { timeout: 20_000 }, async () => {
  const module = new URL("processes.ts", import.meta.url).href;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, module], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [printed] = (await once(parent.stdout, "data")) as [Buffer];
  const started = Number(printed.toString());
  parent.kill("SIGKILL");
  for (;;) {
    try {
      process.kill(started, 0);
    } catch {
      return;
    }
    await new Promise(setImmediate);
  }
});
