/** The format of `graph.json` and `artifacts.json`. */
import type { Properties } from "./engine/wire.ts";

export interface SourcePosition {
  /** Path relative to the app's directory. */
  file: string;
  line: number;
  column: number;
  /** False if the line of the resource is unknown, and this is the line of its parent. */
  exact: boolean;
}

export interface ResourceOptions {
  protect: boolean;
  retainOnDelete: boolean;
  aliases: string[];
  ignoreChanges: string[];
  deleteBeforeReplace: boolean;
  deletedWith: string | null;
  import: string | null;
}

export interface GraphResource {
  urn: string;
  type: string;
  name: string;
  parent: string | null;
  custom: boolean;
  /** True for a resource that the program only looks up (`Type.get`). */
  external: boolean;
  /** The physical id; null for a component. */
  id: string | null;
  provider: string | null;
  inputs: Properties;
  outputs: Properties;
  /** Other outputs, and "id", whose value only a deploy would give: of the right form, and not the truth. */
  invented: Properties;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  options: ResourceOptions;
  sourcePosition: SourcePosition | null;
}

export interface GraphInvoke {
  token: string;
  arguments: Properties;
  result: Properties | null;
  /** Parts of the result that only the account has: of the right form, and not the truth. */
  invented: Properties;
  sourcePosition: SourcePosition | null;
}

export type Severity = "info" | "warning" | "error";

export interface Diagnostic {
  severity: Severity;
  message: string;
  urn: string | null;
  sourcePosition: SourcePosition | null;
}

export interface Graph {
  app: string;
  stage: string;
  account: string;
  region: string;
  /** Configuration of the providers, such as "aws:defaultTags". */
  config: Record<string, string>;
  /** Whether the program ended without an error, so that all its resources are registered. */
  complete: boolean;
  resources: GraphResource[];
  invokes: GraphInvoke[];
  diagnostics: Diagnostic[];
}

export interface Artifact {
  /** The name of the SST function. */
  function: string;
  /** Path relative to the output directory. */
  path: string;
  sha256: string;
  bytes: number;
}
