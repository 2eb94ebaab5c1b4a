/** The commands of `pulumi` that SST uses. */
import { parseArgs } from "node:util";
import { parseStackName, type StackName } from "./checkpoint.ts";

export type Command =
  | { kind: "init"; stack: StackName }
  | { kind: "run"; stack: StackName; dryRun: boolean; eventLog: string; config: Record<string, string> };

export function parseCommand(argv: string[]): Command {
  const [command, ...rest] = argv;
  if (command === "stack" && rest[0] === "init" && rest[1] !== undefined) {
    return { kind: "init", stack: parseStackName(rest[1]) };
  }
  if (command !== "up" && command !== "preview") {
    throw new Error(`the engine of the rehearsal does not support "pulumi ${argv.join(" ")}": only up and preview`);
  }
  const { values } = parseArgs({
    args: rest,
    options: {
      stack: { type: "string" },
      "event-log": { type: "string" },
      config: { type: "string", multiple: true, default: [] },
      yes: { type: "boolean" },
      skip: { type: "boolean", short: "f" },
      "non-interactive": { type: "boolean" },
    },
  });
  if (values.stack === undefined || values["event-log"] === undefined)
    throw new Error("--stack and --event-log are required");
  return {
    kind: "run",
    stack: parseStackName(values.stack),
    dryRun: command === "preview",
    eventLog: values["event-log"],
    config: Object.fromEntries(values.config.map(setting)),
  };
}

function setting(text: string): [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}
