/** Starts programs, hands on what they print, and sees to it that none is left behind. */
import { spawn, type ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Both streams, line by line, without colours. */
  output: string[];
}

export interface Program {
  command: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  onLine?: (line: string) => void;
  /** Interrupted when this fires, killed if it does not end by itself. */
  signal?: AbortSignal;
}

export interface Running {
  child: ChildProcess;
  finished: Promise<Outcome>;
  stop(): Promise<void>;
}

/** How long an interrupted program may take to end, in milliseconds. SST needs a few seconds to close its state. */
const GRACE_MS = 10_000;

const COLOURS = /\u001b\[[0-9;?]*[A-Za-z]/g;

export function withoutColours(text: string): string {
  return text.replace(COLOURS, "");
}

const WATCH = 'while read -r pid; do pids="$pids $pid"; done; for pid in $pids $(cat "$0"); do kill -9 "-$pid"; done';
let watcher: Writable | undefined;

/**
 * Starts a shell that outlives this process, even one that is killed, and then kills what it started: it is told the
 * leader of each process group, and reads on until this end of its input is gone. `file` may have more of them.
 */
export function watchOver(file: string): void {
  const shell = spawn("sh", ["-c", WATCH, file], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  shell.unref();
  (shell.stdin as Socket).unref();
  watcher = shell.stdin.on("error", () => undefined);
}

export function start({ command, args, cwd, env, onLine, signal }: Program): Running {
  // A process group of its own: a Ctrl-C in the terminal reaches this process first, which ends the rest in order.
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  if (child.pid !== undefined) watcher?.write(`${child.pid}\n`);
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      const clean = withoutColours(line).trimEnd();
      output.push(clean);
      onLine?.(clean);
    });
  }
  const finished = new Promise<Outcome>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, ended) => resolve({ code, signal: ended, output }));
  });
  finished.catch(() => undefined);
  const stop = async (): Promise<void> => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    // The whole group: SST's launcher ignores the interrupt and hands nothing on.
    signalGroup(child, "SIGINT");
    const timer = setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MS);
    await finished.catch(() => undefined);
    clearTimeout(timer);
  };
  signal?.addEventListener("abort", () => void stop(), { once: true });
  if (signal?.aborted === true) void stop();
  return { child, finished, stop };
}

export async function run(program: Program): Promise<Outcome> {
  const running = start(program);
  const outcome = await running.finished;
  signalGroup(running.child, "SIGKILL");
  return outcome;
}

/** Ends what is left of the process groups with these leaders, one to a line. */
export function endGroups(leaders: string): void {
  for (const pid of leaders.split("\n").filter(Boolean)) signalGroup({ pid: Number(pid) }, "SIGKILL");
}

function signalGroup({ pid }: Pick<ChildProcess, "pid">, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of the group is left, which is what was wanted.
  }
}
