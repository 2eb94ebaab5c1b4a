// AWS's SDK for JavaScript with its defaults, which are HTTP/2.
import assert from "node:assert/strict";
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, InvokeModelCommand } from "@aws-sdk/client-bedrock-runtime";

const client = new BedrockRuntimeClient({});
const asked = (text) => ({ modelId: "us.amazon.nova-lite-v1:0", messages: [{ role: "user", content: [{ text }] }] });
const textOf = (answer) => answer.output.message.content[0].text;

assert.equal(client.config.requestHandler.constructor.name, "NodeHttp2Handler");
assert.equal(textOf(await client.send(new ConverseCommand(asked("Rain is likely.")))), "Rain is likely.");
const many = Array.from({ length: 50 }, (_, number) => `Rain ${number}.`);
const answers = await Promise.all(many.map((text) => client.send(new ConverseCommand(asked(text)))));
assert.deepEqual(answers.map(textOf), many);

let streamed = "";
for await (const event of (await client.send(new ConverseStreamCommand(asked("Rain is likely.")))).stream) {
  streamed += event.contentBlockDelta?.delta?.text ?? "";
}
assert.equal(streamed, "Rain is likely.");

const body = JSON.stringify({ inputText: "Rain is likely." });
const embedded = await client.send(new InvokeModelCommand({ modelId: "amazon.titan-embed-text-v2:0", body }));
assert.equal(JSON.parse(new TextDecoder().decode(embedded.body)).embedding.length, 1024);
await assert.rejects(client.send(new ConverseCommand(asked(" "))), { name: "ValidationException" });
