/** Starts programs, passes on their output, and ends all of them. */
import { spawn, type ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The lines of stdout and stderr, without colours. */
  output: string[];
}

export interface Program {
  command: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  onLine?: (line: string) => void;
  /** Interrupts the program; it is killed if it does not end within `GRACE_MS`. */
  signal?: AbortSignal;
}

export interface Running {
  child: ChildProcess;
  finished: Promise<Outcome>;
  stop(): Promise<void>;
}

/** Time for an interrupted program to end, in milliseconds. SST needs a few seconds to close its state. */
const GRACE_MS = 10_000;

const COLOURS = /\u001b\[[0-9;?]*[A-Za-z]/g;

export function withoutColours(text: string): string {
  return text.replace(COLOURS, "");
}

const WATCH = 'while read -r pid; do pids="$pids $pid"; done; for pid in $pids $(cat "$0"); do kill -9 "-$pid"; done';
let watcher: Writable | undefined;

/**
 * Starts a shell that outlives this process, even if it is killed, and then kills the process groups that it started.
 * The shell reads the leader of each group from its input, which closes with this process; `file` may have more.
 */
export function watchOver(file: string): void {
  const shell = spawn("sh", ["-c", WATCH, file], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  shell.unref();
  (shell.stdin as Socket).unref();
  watcher = shell.stdin.on("error", () => undefined);
}

export function start({ command, args, cwd, env, onLine, signal }: Program): Running {
  // A separate process group: Ctrl-C in the terminal reaches only this process, which then stops the others in order.
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
    // The whole group: SST's launcher ignores the interrupt and does not pass it on.
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

/** Kills the process groups with these leaders, one on each line. */
export function endGroups(leaders: string): void {
  for (const pid of leaders.split("\n").filter(Boolean)) signalGroup({ pid: Number(pid) }, "SIGKILL");
}

function signalGroup({ pid }: Pick<ChildProcess, "pid">, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has already ended.
  }
}
