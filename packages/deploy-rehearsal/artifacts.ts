/** Collects the artifacts that SST built, and reports functions without one. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Artifact, Diagnostic, Graph, GraphResource } from "./graph.ts";

const FUNCTION = "sst:aws:Function";
const LAMBDA = "aws:lambda/function:Function";

/** Copies the `code.zip` of each SST function of the graph to `out`. */
export function collectArtifacts(graph: Graph, workspace: string, out: string): Artifact[] {
  return components(graph).flatMap(({ name }) => {
    const from = join(workspace, ".sst", "artifacts", name, "code.zip");
    if (!existsSync(from)) return [];
    const path = join("artifacts", name, "code.zip");
    mkdirSync(dirname(join(out, path)), { recursive: true });
    cpSync(from, join(out, path));
    const content = readFileSync(from);
    return [
      { function: name, path, sha256: createHash("sha256").update(content).digest("hex"), bytes: content.length },
    ];
  });
}

/**
 * Reports functions without a Lambda function or an artifact. A component creates its Lambda function only when all its
 * inputs are known, so an unknown value makes the function disappear without an error.
 */
export function missing(graph: Graph, artifacts: Artifact[]): Diagnostic[] {
  const packaged = new Set(artifacts.map((artifact) => artifact.function));
  return components(graph).flatMap((component): Diagnostic[] => {
    const { urn, name } = component;
    const lambda = graph.resources.find(({ type, parent }) => type === LAMBDA && parent === urn);
    if (lambda === undefined)
      return [problem(component, `The function "${name}" is declared, but would not be deployed.`)];
    if (lambda.inputs["packageType"] === "Image" || packaged.has(name)) return [];
    return [problem(component, `The function "${name}" has no artifact.`)];
  });
}

function components(graph: Graph): GraphResource[] {
  return graph.resources.filter(({ type }) => type === FUNCTION);
}

function problem({ urn, sourcePosition }: GraphResource, message: string): Diagnostic {
  return { severity: "error", message, urn, sourcePosition };
}
