import assert from "node:assert/strict";
import { test } from "node:test";
import { missing } from "./artifacts.ts";
import type { Artifact, Graph, GraphResource } from "./graph.ts";

function resource(type: string, name: string, parent: string | null, inputs = {}): GraphResource {
  const options = {
    protect: false,
    retainOnDelete: false,
    aliases: [],
    ignoreChanges: [],
    deleteBeforeReplace: false,
    deletedWith: null,
    import: null,
  };
  const empty = {
    id: null,
    provider: null,
    outputs: {},
    invented: {},
    dependencies: [],
    propertyDependencies: {},
    sourcePosition: null,
  };
  return { urn: `urn:${name}`, type, name, parent, custom: true, external: false, inputs, options, ...empty };
}

function graph(...resources: GraphResource[]): Graph {
  return {
    app: "app",
    stage: "dev",
    account: "1",
    region: "r",
    config: {},
    complete: true,
    resources,
    invokes: [],
    diagnostics: [],
  };
}

const component = resource("sst:aws:Function", "Worker", null);
const artifact: Artifact = { function: "Worker", path: "artifacts/Worker/code.zip", sha256: "", bytes: 1 };

test("a function needs its Lambda function and its artifact", () => {
  const lambda = resource("aws:lambda/function:Function", "WorkerFunction", component.urn);
  assert.deepEqual(missing(graph(component, lambda), [artifact]), []);
  assert.match(missing(graph(component, lambda), [])[0]?.message ?? "", /"Worker" has no artifact/);
  assert.match(missing(graph(component), [artifact])[0]?.message ?? "", /"Worker" is declared, but would not be deployed/);
});

test("a container image has no artifact", () => {
  const lambda = resource("aws:lambda/function:Function", "WorkerFunction", component.urn, { packageType: "Image" });
  assert.deepEqual(missing(graph(component, lambda), []), []);
});
