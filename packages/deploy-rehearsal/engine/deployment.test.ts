import assert from "node:assert/strict";
import { test } from "node:test";
import { Deployment, type Registration } from "./deployment.ts";
import type { ResourceAnswers } from "./outputs.ts";
import { parseProperties, ProviderTypes, type Declaration } from "./provider-types.ts";
import { secret, SECRET_MARKER } from "./wire.ts";

class BucketsOnly extends ProviderTypes {
  constructor() {
    super("");
  }

  override outputs(type: string): Declaration | null {
    return type === "aws:s3/bucket:Bucket" ? parseProperties("    readonly hostedZoneId: string;") : null;
  }
}

function deployment(resources: ResourceAnswers = {}): Deployment {
  return new Deployment({
    app: "app",
    stage: "dev",
    place: { account: "111122223333", region: "eu-west-1", partition: "aws", defaultTags: {} },
    config: { "aws:region": "eu-west-1" },
    types: new BucketsOnly(),
    answers: { resources, invokes: {} },
    secrets: ["from the command line"],
    observer: { resource: () => undefined, diagnostic: () => undefined },
  });
}

function resource(type: string, name: string, more: Partial<Registration> = {}): Registration {
  const options = {
    protect: false,
    retainOnDelete: false,
    aliases: [],
    ignoreChanges: [],
    deleteBeforeReplace: false,
    deletedWith: null,
    import: null,
  };
  const common = {
    parent: null,
    custom: true,
    provider: null,
    inputs: {},
    dependencies: [],
    propertyDependencies: {},
    sourcePosition: null,
    read: null,
  };
  return { ...common, type, name, options, ...more };
}

const here = { file: "infra/a.ts", line: 3, column: 1, exact: true };

test("an invented output is marked in the graph, and another resource can use it", () => {
  const rehearsal = deployment();
  const { outputs } = rehearsal.register(resource("aws:s3/bucket:Bucket", "Files"));
  const { hostedZoneId = null } = outputs;
  assert.match(String(hostedZoneId), /^Z[0-9A-Z]{20}$/);
  rehearsal.register(resource("aws:ssm/parameter:Parameter", "Zone", { inputs: { value: hostedZoneId } }));
  const { complete, resources } = rehearsal.graph(true);
  assert.equal(complete, true);
  assert.deepEqual(
    resources.map(({ name, outputs, invented }) => [name, outputs, invented]),
    [
      ["Files", { ...outputs, hostedZoneId: undefined }, { hostedZoneId }],
      ["Zone", resources[1]?.outputs, {}],
    ].map((row) => JSON.parse(JSON.stringify(row)) as unknown),
  );
});

test("a look-up names what is invented in its result", () => {
  const rehearsal = deployment();
  rehearsal.invoke("aws:index/getRegion:getRegion", {}, null, here);
  assert.deepEqual(
    rehearsal.graph(true).invokes.map(({ token, invented }) => [token, invented]),
    [["aws:index/getRegion:getRegion", {}]],
  );
});

test("a duplicate URN is refused", () => {
  const rehearsal = deployment();
  rehearsal.register(resource("aws:s3/bucket:Bucket", "Files"));
  assert.throws(() => rehearsal.register(resource("aws:s3/bucket:Bucket", "Files")), /Duplicate resource URN/);
});

test("the code of a dynamic resource is not run: its id is invented, and it has its inputs", () => {
  const rehearsal = deployment();
  const inputs = { __provider: "code", name: "role" };
  rehearsal.register(resource("pulumi-nodejs:dynamic:Resource", "Own", { inputs }));
  rehearsal.register(resource("pulumi-nodejs:dynamic:Resource", "Db.sst.aws.RdsRoleLookup", { inputs }));
  assert.deepEqual(
    rehearsal.graph(true).resources.map(({ name, outputs, invented }) => [name, outputs, Object.keys(invented)]),
    [
      ["Db.sst.aws.RdsRoleLookup", { name: "role" }, []],
      ["Own", { name: "role" }, ["id"]],
    ],
  );
});

test("secrets are removed from properties, look-ups and diagnostics", () => {
  const rehearsal = deployment();
  const password = "correct horse battery";
  rehearsal.register(resource("aws:s3/bucket:Bucket", "Early", { inputs: { tags: { note: password } } }));
  rehearsal.register(
    resource("aws:ssm/parameter:Parameter", "Late", {
      inputs: { value: secret(password), description: "from the command line" },
    }),
  );
  rehearsal.invoke("aws:index/getArn:getArn", { arn: `arn:aws:x:::${password}` }, null, null);
  rehearsal.diagnose("warning", `the password is ${password}`, null);
  const written = JSON.stringify(rehearsal.graph(true));
  assert.ok(!written.includes("from the command line"));
  assert.equal(rehearsal.graph(true).diagnostics[0]?.message, `the password is ${SECRET_MARKER}`);
});

test("a secret of the same stack can be read back", () => {
  const rehearsal = deployment();
  const inputs = { secretId: "arn:secret", secretString: secret('{"user":"me"}') };
  rehearsal.register(resource("aws:secretsmanager/secretVersion:SecretVersion", "Login", { inputs }));
  const found = rehearsal.invoke(
    "aws:secretsmanager/getSecretVersion:getSecretVersion",
    { secretId: "arn:secret" },
    null,
    null,
  );
  assert.equal(found["secretString"], '{"user":"me"}');
});

test("a resource has the region of its provider", () => {
  const rehearsal = deployment();
  const { urn, id } = rehearsal.register(
    resource("pulumi:providers:aws", "Virginia", { inputs: { region: "us-east-1" } }),
  );
  const { outputs } = rehearsal.register(
    resource("aws:sqs/queue:Queue", "Jobs", { provider: `${urn}::${id}`, inputs: { name: "jobs" } }),
  );
  assert.equal(outputs["arn"], "arn:aws:sqs:us-east-1:111122223333:jobs");
});

test("a resource or a look-up may name a region", () => {
  const rehearsal = deployment();
  const inputs = { name: "jobs", region: "us-east-1" };
  assert.match(
    String(rehearsal.register(resource("aws:sqs/queue:Queue", "Jobs", { inputs })).outputs["arn"]),
    /us-east-1/,
  );
  const found = rehearsal.invoke("aws:index/getRegion:getRegion", { region: "us-east-1" }, null, null);
  assert.equal(found["region"], "us-east-1");
});

test("an existing resource is external, with its id", () => {
  const rehearsal = deployment({ "aws:s3/bucket:Bucket::Old": { arn: "arn:old" } });
  const { id, outputs } = rehearsal.register(resource("aws:s3/bucket:Bucket", "Old", { read: "old-bucket" }));
  assert.deepEqual([id, outputs["arn"]], ["old-bucket", "arn:old"]);
  assert.deepEqual(
    rehearsal.graph(true).resources.map(({ external }) => external),
    [true],
  );
});

test("a resource without a source line has the line of its parent, or of the resource whose name is its prefix", () => {
  const rehearsal = deployment();
  const stack = rehearsal.register(resource("pulumi:pulumi:Stack", "app-dev", { custom: false })).urn;
  const jobs = rehearsal.register(
    resource("sst:aws:Queue", "Jobs", { custom: false, parent: stack, sourcePosition: here }),
  ).urn;
  rehearsal.register(resource("aws:sqs/queue:Queue", "JobsQueue", { parent: jobs, inputs: { name: "jobs" } }));
  rehearsal.register(resource("sst:aws:Subscriber", "JobsSubscriber", { custom: false, parent: stack }));
  const positions = Object.fromEntries(
    rehearsal.graph(true).resources.map(({ name, sourcePosition }) => [name, sourcePosition]),
  );
  assert.deepEqual(positions, {
    "app-dev": null,
    Jobs: here,
    JobsQueue: { ...here, exact: false },
    JobsSubscriber: { ...here, exact: false },
  });
});

test("an error that the program repeats is reported once", () => {
  const rehearsal = deployment();
  rehearsal.diagnose("error", "no such thing", null);
  rehearsal.diagnose("error", "\u001b[31mError: failed: no such thing\u001b[39m\n    at somewhere", null);
  assert.deepEqual(
    rehearsal.graph(true).diagnostics.map(({ message }) => message),
    ["no such thing"],
  );
});
