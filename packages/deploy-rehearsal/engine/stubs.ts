/** The gRPC runtime and Pulumi's protocol, from the packages that SST installed for the app. */
import { createRequire } from "node:module";
import type { Properties } from "./wire.ts";

export interface Struct {
  toJavaScript(): Properties;
}

/** A protobuf message. Its fields have getters and setters with the names of protoc's JavaScript generator. */
export type Message = Record<string, (...values: never[]) => unknown>;

export interface RpcCall {
  request: Message;
}

export type RpcReply = (error: { code: number; message: string } | null, message?: object) => void;
export type RpcHandler = (call: RpcCall, reply: RpcReply) => void;

interface Server {
  addService(service: object, handlers: Record<string, RpcHandler>): void;
  bindAsync(address: string, credentials: object, bound: (error: Error | null, port: number) => void): void;
  forceShutdown(): void;
}

interface Grpc {
  Server: new (options: Record<string, number>) => Server;
  ServerCredentials: { createInsecure(): object };
}

type MessageClass = new () => Message;

export interface Stubs {
  grpc: Grpc;
  monitorService: object;
  engineService: object;
  messages: Record<string, MessageClass & Record<string, MessageClass>>;
  engineMessages: Record<string, MessageClass>;
  Empty: MessageClass;
  struct(value: Properties): Struct;
  /** The script that Pulumi's Node language host runs. */
  runner: string;
}

export function loadStubs(platform: string): Stubs {
  const require = createRequire(`${platform}/package.json`);
  const pulumi = createRequire(require.resolve("@pulumi/pulumi/package.json"));
  const { Struct } = pulumi("google-protobuf/google/protobuf/struct_pb.js") as {
    Struct: { fromJavaScript(value: Properties): Struct };
  };
  return {
    grpc: pulumi("@grpc/grpc-js") as Grpc,
    monitorService: (pulumi("./proto/resource_grpc_pb.js") as { ResourceMonitorService: object })
      .ResourceMonitorService,
    engineService: (pulumi("./proto/engine_grpc_pb.js") as { EngineService: object }).EngineService,
    messages: {
      ...(pulumi("./proto/resource_pb.js") as Stubs["messages"]),
      ...(pulumi("./proto/provider_pb.js") as Stubs["messages"]),
    },
    engineMessages: pulumi("./proto/engine_pb.js") as Stubs["engineMessages"],
    Empty: (pulumi("google-protobuf/google/protobuf/empty_pb.js") as { Empty: MessageClass }).Empty,
    struct: (value) => Struct.fromJavaScript(value),
    runner: pulumi.resolve("./cmd/run/index.js"),
  };
}

/** Reads one field of a message by its getter. */
export function field<T>(message: Message, getter: string): T {
  const read = message[getter];
  if (read === undefined) throw new Error(`the protocol has no ${getter}: another version of @pulumi/pulumi?`);
  return read.call(message) as T;
}

/** Builds a message from its class and a value for each setter. */
export function build(type: MessageClass | undefined, values: Record<string, unknown>): Message {
  if (type === undefined) throw new Error("the protocol lacks a message: another version of @pulumi/pulumi?");
  const message = new type();
  for (const [setter, value] of Object.entries(values)) {
    const write = message[setter];
    if (write === undefined) throw new Error(`the protocol has no ${setter}: another version of @pulumi/pulumi?`);
    (write as (value: unknown) => void).call(message, value);
  }
  return message;
}
