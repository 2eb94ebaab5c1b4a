/** Serves the two protocols of Pulumi's engine over gRPC, for the SDK of the program. */
import type { ResourceOptions, Severity } from "../graph.ts";
import type { Deployment, Registration } from "./deployment.ts";
import { withoutColours } from "../processes.ts";
import { positionInText, sourcePosition, type Frame, type Sources } from "./source-position.ts";
import { build, field, type Message, type RpcHandler, type Struct, type Stubs } from "./stubs.ts";
import type { Properties } from "./wire.ts";

const FEATURES = new Set([
  "secrets",
  "resourceReferences",
  "deletedWith",
  "replaceWith",
  "aliasSpecs",
  "parameterization",
]);
const SEVERITIES: (Severity | null)[] = [null, "info", "warning", "error"];
/** Pulumi's own limit: some programs pass whole files. */
const MESSAGE_BYTES = 400 * 1024 * 1024;
const GRPC_UNKNOWN = 2;

export interface RunningMonitor {
  address: string;
  stop(): void;
}

export async function serve(stubs: Stubs, deployment: Deployment, sources: Sources): Promise<RunningMonitor> {
  const server = new stubs.grpc.Server({
    "grpc.max_receive_message_length": MESSAGE_BYTES,
    "grpc.max_send_message_length": MESSAGE_BYTES,
  });
  server.addService(stubs.monitorService, answered(monitor(stubs, deployment, sources)));
  server.addService(stubs.engineService, answered(engine(stubs, deployment, sources)));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", stubs.grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

type Handler = (request: Message) => Message;

function answered(handlers: Record<string, Handler>): Record<string, RpcHandler> {
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]): [string, RpcHandler] => [
      name,
      (call, reply) => {
        try {
          reply(null, handler(call.request));
        } catch (error) {
          reply({ code: GRPC_UNKNOWN, message: error instanceof Error ? error.message : String(error) });
        }
      },
    ]),
  );
}

function monitor(stubs: Stubs, deployment: Deployment, sources: Sources): Record<string, Handler> {
  const { messages } = stubs;
  const empty = (): Message => new stubs.Empty();
  const unsupported = (what: string): never => {
    const message = `The rehearsal does not support ${what}. Add it to engine/monitor.ts.`;
    deployment.diagnose("error", message, null);
    throw new Error(message);
  };
  return {
    supportsFeature: (request) =>
      build(messages["SupportsFeatureResponse"], { setHassupport: FEATURES.has(field(request, "getId")) }),
    invoke: (request) => {
      const provider = field<string>(request, "getProvider") || null;
      const position = sourcePosition(frames(request), sources);
      const result = deployment.invoke(field(request, "getTok"), struct(request, "getArgs"), provider, position);
      return build(messages["InvokeResponse"], { setReturn: stubs.struct(result) });
    },
    call: (request) => unsupported(`the call ${field<string>(request, "getTok")}`),
    readResource: (request) => {
      const registered = deployment.register({
        ...registration(request, sources, "getProperties"),
        custom: true,
        propertyDependencies: {},
        options: {
          protect: false,
          retainOnDelete: false,
          aliases: [],
          ignoreChanges: [],
          deleteBeforeReplace: false,
          deletedWith: null,
          import: null,
        },
        read: field(request, "getId"),
      });
      return build(messages["ReadResourceResponse"], {
        setUrn: registered.urn,
        setProperties: stubs.struct(registered.outputs),
      });
    },
    registerResource: (request) => {
      if (field<boolean>(request, "getRemote"))
        unsupported(`the remote component ${field<string>(request, "getType")}`);
      const registered = deployment.register({
        ...registration(request, sources, "getObject"),
        custom: field(request, "getCustom"),
        propertyDependencies: propertyDependencies(request),
        options: options(request),
        read: null,
      });
      return build(messages["RegisterResourceResponse"], {
        setUrn: registered.urn,
        setId: registered.id ?? "",
        setObject: stubs.struct(registered.outputs),
      });
    },
    registerResourceOutputs: (request) => {
      deployment.registerOutputs(field(request, "getUrn"), struct(request, "getOutputs"));
      return empty();
    },
    registerPackage: (request) =>
      build(messages["RegisterPackageResponse"], {
        setRef: `${field<string>(request, "getName")}@${field<string>(request, "getVersion")}`,
      }),
    registerStackTransform: () => unsupported("transforms of the whole stack"),
    registerStackInvokeTransform: () => unsupported("transforms of invokes"),
    registerResourceHook: () => unsupported("resource hooks"),
    signalAndWaitForShutdown: empty,
  };
}

function engine(stubs: Stubs, deployment: Deployment, sources: Sources): Record<string, Handler> {
  const { engineMessages } = stubs;
  return {
    log: (request) => {
      const severity = SEVERITIES[field<number>(request, "getSeverity")];
      if (severity !== null && severity !== undefined) {
        const [message, urn] = [withoutColours(field(request, "getMessage")), field<string>(request, "getUrn") || null];
        deployment.diagnose(severity, message, urn, urn === null ? positionInText(message, sources) : null);
      }
      return new stubs.Empty();
    },
    getRootResource: () => build(engineMessages["GetRootResourceResponse"], { setUrn: deployment.stack ?? "" }),
    setRootResource: (request) => {
      deployment.stack = field(request, "getUrn");
      return build(engineMessages["SetRootResourceResponse"], {});
    },
    startDebugging: () => new stubs.Empty(),
  };
}

type Common = Omit<Registration, "custom" | "propertyDependencies" | "options" | "read">;

function registration(request: Message, sources: Sources, properties: string): Common {
  return {
    type: field(request, "getType"),
    name: field(request, "getName"),
    parent: field<string>(request, "getParent") || null,
    provider: field<string>(request, "getProvider") || null,
    inputs: struct(request, properties),
    dependencies: [...field<string[]>(request, "getDependenciesList")].sort(),
    sourcePosition: sourcePosition(frames(request), sources),
  };
}

function options(request: Message): ResourceOptions {
  const aliases = field<Message[]>(request, "getAliasesList").map((alias) => {
    const spec = field<Message | undefined>(alias, "getSpec");
    if (spec === undefined) return field<string>(alias, "getUrn");
    const [type, name] = [field<string>(spec, "getType"), field<string>(spec, "getName")];
    return `${type || field<string>(request, "getType")}::${name || field<string>(request, "getName")}`;
  });
  return {
    protect: field<boolean | undefined>(request, "getProtect") ?? false,
    retainOnDelete: field<boolean | undefined>(request, "getRetainondelete") ?? false,
    aliases: [...aliases, ...field<string[]>(request, "getAliasurnsList")],
    ignoreChanges: field(request, "getIgnorechangesList"),
    deleteBeforeReplace: field(request, "getDeletebeforereplace"),
    deletedWith: field<string>(request, "getDeletedwith") || null,
    import: field<string>(request, "getImportid") || null,
  };
}

function propertyDependencies(request: Message): Record<string, string[]> {
  const entries = field<{ getEntryList(): [string, unknown][]; get(key: string): Message }>(
    request,
    "getPropertydependenciesMap",
  );
  return Object.fromEntries(
    entries
      .getEntryList()
      .map(([key]): [string, string[]] => [key, [...field<string[]>(entries.get(key), "getUrnsList")].sort()])
      .filter(([, urns]) => urns.length > 0)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

function frames(request: Message): Frame[] {
  const trace = field<Message | undefined>(request, "getStacktrace");
  if (trace === undefined) return [];
  return field<Message[]>(trace, "getFramesList").flatMap((frame) => {
    const at = field<Message | undefined>(frame, "getPc");
    return at === undefined
      ? []
      : [
          {
            uri: field<string>(at, "getUri"),
            line: field<number>(at, "getLine"),
            column: field<number>(at, "getColumn"),
          },
        ];
  });
}

function struct(request: Message, getter: string): Properties {
  return field<Struct | undefined>(request, getter)?.toJavaScript() ?? {};
}
