/**
 * Complete rehearsals of the apps in `fixtures`, with the real command line, components and packages of SST.
 * The first one installs SST's platform and its providers, which takes a minute. The others take some seconds.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Artifact, Graph, GraphResource } from "./graph.ts";

const APP = join(import.meta.dirname, "fixtures", "tiny");
const COMMAND = ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "cli.ts")];
const TIMEOUT_MS = 300_000;

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
  graph: Graph;
  artifacts: Artifact[];
  out: string;
}

describe("a rehearsal of the tiny app", { timeout: TIMEOUT_MS }, () => {
  const root = mkdtempSync(join(tmpdir(), "rehearsal-test-"));
  const untouched = contents(APP);
  let first: Result;

  async function rehearse(stage: string, ...more: string[]): Promise<Result> {
    const out = mkdtempSync(join(root, `${stage}-`));
    const child = spawn(process.execPath, [...COMMAND, "--app", APP, "--stage", stage, "--out", out, ...more]);
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    if (code === 2) assert.fail(stderr);
    const read = <T>(file: string): T => JSON.parse(readFileSync(join(out, file), "utf8")) as T;
    return {
      code,
      stdout,
      stderr,
      graph: read<Graph>("graph.json"),
      artifacts: read<Artifact[]>("artifacts.json"),
      out,
    };
  }

  function one(type: string, name: string): GraphResource {
    const found = first.graph.resources.filter((resource) => resource.type === type && resource.name === name);
    const [only] = found;
    assert.ok(only !== undefined && found.length === 1, `${found.length} of ${type} ${name}`);
    return only;
  }

  before(async () => {
    first = await rehearse("dev");
    assert.equal(first.code, 0, first.stderr);
  });

  after(() => rmSync(root, { recursive: true, force: true }));

  test("stdout has one line of JSON", () => {
    const { seconds, ...summary } = JSON.parse(first.stdout) as Record<string, unknown>;
    assert.ok(typeof seconds === "number");
    assert.deepEqual(summary, {
      ok: true,
      app: "tiny",
      stage: "dev",
      resources: first.graph.resources.length,
      artifacts: 1,
    });
  });

  test("the function is in the graph as it would be deployed", () => {
    const { inputs, propertyDependencies, sourcePosition } = one("aws:lambda/function:Function", "WorkerFunction");
    assert.equal(inputs["handler"], "worker/handler.handle");
    assert.equal(inputs["runtime"], "python3.12");
    assert.equal(inputs["timeout"], 60);
    const { variables } = inputs["environment"] as { variables: Record<string, string> };
    assert.equal(variables["QUEUE_URL"], one("aws:sqs/queue:Queue", "JobsQueue").outputs["url"]);
    assert.equal(variables["SECRET_ARN"], one("aws:secretsmanager/secret:Secret", "Login").outputs["arn"]);
    assert.equal(variables["SST_KEY"], "[secret]");
    assert.deepEqual(propertyDependencies["role"], [one("aws:iam/role:Role", "WorkerRole").urn]);
    assert.equal(sourcePosition?.file, "infra/resources.ts");
  });

  test("its role has the policy of its links and permissions", () => {
    const [{ policy } = { policy: "{}" }] = one("aws:iam/role:Role", "WorkerRole").inputs["inlinePolicies"] as {
      policy: string;
    }[];
    const { Statement } = JSON.parse(policy) as { Statement: { Action: unknown; Resource: unknown }[] };
    const bucket = String(one("aws:s3/bucket:Bucket", "FilesBucket").outputs["arn"]);
    assert.deepEqual(
      Statement.map(({ Action, Resource }) => [Action, Resource]),
      [
        ["secretsmanager:GetSecretValue", one("aws:secretsmanager/secret:Secret", "Login").outputs["arn"]],
        ["s3:*", [bucket, `${bucket}/*`]],
      ],
    );
  });

  test("a resource has the line that creates it", () => {
    const line =
      readFileSync(join(APP, "infra", "resources.ts"), "utf8")
        .split("\n")
        .findIndex((text) => text.includes('"Jobs"')) + 1;
    const { file, line: found, exact } = one("sst:aws:Queue", "Jobs").sourcePosition ?? {};
    assert.deepEqual([file, found, exact], ["infra/resources.ts", line, true]);
  });

  test("every resource has the tags of the provider", () => {
    assert.deepEqual(one("aws:sqs/queue:Queue", "JobsQueue").outputs["tagsAll"], {
      team: "blue",
      "sst:app": "tiny",
      "sst:stage": "dev",
    });
  });

  test("options of resources are kept", () => {
    assert.equal(one("aws:s3/bucket:Bucket", "FilesBucket").options.retainOnDelete, true);
    assert.deepEqual(one("aws:sqs/queue:Queue", "JobsQueue").options.ignoreChanges, ["name"]);
  });

  test("the password is in no output file", () => {
    assert.equal(one("random:index/randomPassword:RandomPassword", "Password").outputs["result"], "[secret]");
    assert.equal(
      one("aws:secretsmanager/secretVersion:SecretVersion", "LoginVersion").inputs["secretString"],
      '{"username":"tiny","password":"[secret]"}',
    );
  });

  test("the artifact is the one that SST built", () => {
    const [artifact] = first.artifacts;
    assert.ok(artifact !== undefined);
    const zip = readFileSync(join(first.out, artifact.path));
    assert.equal(artifact.function, "Worker");
    assert.equal(artifact.bytes, zip.length);
    assert.equal(artifact.sha256, createHash("sha256").update(zip).digest("hex"));
    assert.ok(zip.includes("worker/handler.py"));
    assert.ok(String(one("aws:lambda/function:Function", "WorkerFunction").inputs["s3Key"]).includes(artifact.sha256));
  });

  test("the graph contains no path of the working copy", () => {
    assert.ok(!JSON.stringify(first.graph).includes(tmpdir() + "/"));
  });

  test("a second rehearsal gives the same graph and the same artifact", async () => {
    const second = await rehearse("dev");
    assert.deepEqual(second.graph, first.graph);
    assert.deepEqual(second.artifacts, first.artifacts);
  });

  test("what only the cloud knows is invented, and a failing build is an error, also in parallel rehearsals", async (t) => {
    const answers = join(root, "answers.json");
    writeFileSync(answers, JSON.stringify({ invokes: { "aws:route53/getZone:getZone": { zoneId: "Z1" } } }));
    const [lookup, answered, computed, nohandler] = await Promise.all([
      rehearse("lookup"),
      rehearse("lookup", "--answers", answers),
      rehearse("computed"),
      rehearse("nohandler"),
    ]);
    const named = ({ graph }: Result, called: string): GraphResource | undefined =>
      graph.resources.find(({ name }) => name === called);

    await t.test("a look-up without an answer", () => {
      assert.equal(lookup.code, 0, lookup.stderr);
      const [zone] = lookup.graph.invokes.filter(({ token }) => token === "aws:route53/getZone:getZone");
      assert.ok("zoneId" in (zone?.invented ?? {}));
      assert.match(String(named(lookup, "Record")?.inputs["zoneId"]), /^Z[0-9A-Z]{20}$/);
    });
    await t.test("a look-up with a given answer", () => {
      assert.equal(answered.code, 0, answered.stderr);
      assert.equal(named(answered, "Record")?.inputs["zoneId"], "Z1");
    });
    await t.test("a resource that a computation on an output creates", () => {
      assert.equal(computed.code, 0, computed.stderr);
      assert.ok("hostedZoneId" in (named(computed, "FilesBucket")?.invented ?? {}));
      assert.match(String(named(computed, "Zone")?.inputs["value"]), /^Z[0-9A-Z]{20}$/);
    });
    await t.test("a missing handler", () => {
      assert.equal(nohandler.code, 1);
      assert.match(nohandler.stderr, /Handler not found: worker\/nowhere\.handle/);
    });
  });

  test("an interrupted rehearsal ends with a message", async () => {
    const child = spawn(process.execPath, [
      ...COMMAND,
      "--app",
      APP,
      "--stage",
      "dev",
      "--out",
      mkdtempSync(join(root, "interrupted-")),
    ]);
    let [stderr, sent] = ["", false];
    child.stderr.on("data", (data: Buffer) => {
      stderr += data.toString();
      if (!sent && stderr.includes("~  Deploy")) sent = child.kill("SIGINT");
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    assert.equal(code, 2);
    assert.match(stderr, /it was interrupted/);
  });

  test("a rehearsal ends and cleans up when its caller ends", async () => {
    const out = mkdtempSync(join(root, "orphaned-"));
    const options = ["--app", APP, "--stage", "dev", "--out", out, "--end-with-stdin"];
    const child = spawn(process.execPath, [...COMMAND, ...options]);
    let stderr = "";
    child.stderr.on("data", (data: Buffer) => {
      stderr += data.toString();
      if (!stderr.includes("~  Deploy")) return;
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy(); // like the end of its process
    });
    const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
    assert.equal(code, 2); // the next test checks that no temporary files are left
  });

  test("the app is unchanged, and no temporary files are left", () => {
    assert.deepEqual(contents(APP), untouched);
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.startsWith(`rehearsal-${slot(APP)}`)),
      [],
    );
  });
});

test("seventy components, look-ups and resources rehearse", { timeout: TIMEOUT_MS }, async () => {
  const app = join(import.meta.dirname, "fixtures", "components");
  const out = mkdtempSync(join(tmpdir(), "rehearsal-components-"));
  try {
    const child = spawn(process.execPath, [...COMMAND, "--app", app, "--stage", "dev", "--out", out]);
    let stderr = "";
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    assert.equal(code, 0, stderr);
    const { resources, diagnostics } = JSON.parse(readFileSync(join(out, "graph.json"), "utf8")) as Graph;
    assert.ok(resources.length > 450);
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === "error"),
      [],
    );
  } finally {
    rmSync(out, { recursive: true });
  }
});

/** Every file of the app with a hash of its content, except the files of SST under `.sst`. */
function contents(app: string): Record<string, string> {
  const files = readdirSync(app, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files
    .map((entry) => relative(app, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith(".sst/"));
  return Object.fromEntries(
    paths.sort().map((path) => [
      path,
      createHash("sha256")
        .update(readFileSync(join(app, path)))
        .digest("hex"),
    ]),
  );
}

function slot(app: string): string {
  return createHash("sha256").update(app).digest("hex").slice(0, 12);
}
