/** Pulumi's state file, in the location and format that SST's command line reads. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { GraphResource } from "../graph.ts";

export interface StackName {
  app: string;
  stage: string;
}

/** Parses SST's name of a stack: `organization/app/stage`. */
export function parseStackName(text: string): StackName {
  const [, app, stage] = text.split("/");
  if (app === undefined || stage === undefined) throw new Error(`"${text}" is not the name of a stack`);
  return { app, stage };
}

export function writeCheckpoint(directory: string, { app, stage }: StackName, resources: GraphResource[]): void {
  const file = join(directory, ".pulumi", "stacks", app, `${stage}.json`);
  const latest = {
    manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" },
    resources: resources.map(({ urn, type, parent, custom, id, inputs, outputs, external }) => ({
      urn,
      type,
      custom,
      external,
      ...(id === null ? {} : { id }),
      ...(parent === null ? {} : { parent }),
      inputs,
      outputs,
    })),
  };
  const checkpoint = { stack: `organization/${app}/${stage}`, latest };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ version: 3, checkpoint }));
}
